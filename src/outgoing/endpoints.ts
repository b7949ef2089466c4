// Endpoints as callers manage them. Each change is one transaction; whatever commits after it is told by what it says.
import { watchEntries } from "../credits/entry-relay.ts";
import { joinTransaction, type Database, type Queryable, type TransactionSource } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { entryEventTypes, HOT_EVENT_TYPE } from "../kernel/outgoing-event.ts";
import type { PublicFetchOptions } from "../kernel/public-fetch.ts";
import { disable } from "./disable.ts";
import {
  checkEndpoint,
  getEndpoint,
  listEndpoints,
  notFound,
  numberOf,
  type Endpoint,
  type EndpointChange,
  type EndpointInput,
} from "./endpoint.ts";
import { createSecret } from "./secret.ts";

export interface EndpointWithSecret extends Endpoint {
  /** Signs the deliveries. Shown this once. */
  readonly secret: string;
}

export interface EndpointOptions {
  readonly actor?: string | undefined;
  readonly tx?: TransactionSource | undefined;
}

export interface EndpointManagement {
  list(input?: { readonly userId?: string | undefined }): Promise<readonly Endpoint[]>;
  /** @throws not_found */
  get(id: string): Promise<Endpoint>;
  /** Adds an endpoint and answers its secret, this once. @throws invalid_request, lock_timeout */
  add(input: EndpointInput, options?: EndpointOptions): Promise<EndpointWithSecret>;
  /** Changes what is given. @throws invalid_request, not_found, lock_timeout */
  update(id: string, change: EndpointChange, options?: EndpointOptions): Promise<Endpoint>;
  /** Removes an endpoint with its deliveries and their log. @throws not_found */
  remove(id: string, options?: EndpointOptions): Promise<void>;
  /**
   * Makes a new secret and answers it, this once. Deliveries are signed with both for so many hours, default 24; 0 ends the
   * old one now. @throws invalid_request, not_found
   */
  rollSecret(
    id: string,
    input?: { readonly keepHours?: number | undefined },
    options?: EndpointOptions,
  ): Promise<EndpointWithSecret>;
  /** Sends to it again from now on; what it missed is sent by `replaySince`. @throws not_found */
  enable(id: string, options?: EndpointOptions): Promise<Endpoint>;
  /** Sends it nothing more; what happens meanwhile is kept for it as long as all events are. @throws not_found */
  disable(id: string, options?: EndpointOptions): Promise<Endpoint>;
}

const MAX_KEEP_HOURS = 720;
const DEFAULT_ACTOR = "api";

export function createEndpoints(database: Database, rules: PublicFetchOptions): EndpointManagement {
  const write = async <Result>(
    options: EndpointOptions | undefined,
    work: (tx: Queryable, actor: string) => Promise<Result>,
  ): Promise<Result> => {
    const actor = options?.actor ?? DEFAULT_ACTOR;
    if (options?.tx !== undefined) return work(joinTransaction(options.tx), actor);
    return database.transaction(async (tx) => work(tx, actor));
  };
  return {
    list: async ({ userId } = {}) => listEndpoints(database, userId),
    get: async (id) => getEndpoint(database, id),
    async add(input, options) {
      checkEndpoint({ ...input, url: input.url ?? "" }, rules);
      const secret = createSecret();
      return write(options, async (tx, actor) => {
        const [row] = await tx.query<{ id: string }>(
          `insert into tallystick.webhook_endpoint (url, description, types, user_id, secret, actor, created_at, updated_at)
           select $1, $2, $3, $4, $5, $6, t, t from tallystick.clock() t returning id::text`,
          [input.url, input.description ?? null, input.types ?? null, input.userId ?? null, secret, actor],
        );
        await watchForEndpoints(tx);
        return { ...(await getEndpoint(tx, row?.id ?? "")), secret };
      });
    },
    async update(id, change, options) {
      checkEndpoint(change, rules);
      return write(options, async (tx) => {
        await getEndpoint(tx, id);
        await tx.query(
          `update tallystick.webhook_endpoint set url = coalesce($2, url), description = coalesce($3, description),
             types = case when $4 then $5 else types end, updated_at = tallystick.clock(),
             failing_since = case when $2 <> url then null else failing_since end,
             paused_until = case when $2 <> url then null else paused_until end where id = $1`,
          [
            numberOf(id, "endpoint"),
            change.url ?? null,
            change.description ?? null,
            change.types !== undefined,
            change.types ?? null,
          ],
        );
        if (change.url !== undefined) await endPause(tx, id);
        await watchForEndpoints(tx);
        return getEndpoint(tx, id);
      });
    },
    async remove(id, options) {
      await write(options, async (tx, actor) => removeEndpoint(tx, id, actor));
    },
    async rollSecret(id, { keepHours = 24 } = {}, options) {
      if (!(Number.isInteger(keepHours) && keepHours >= 0 && keepHours <= MAX_KEEP_HOURS)) {
        throw new TallystickError("invalid_request", `keepHours must be a whole number from 0 to ${MAX_KEEP_HOURS}.`);
      }
      const secret = createSecret();
      return write(options, async (tx) => {
        await tx.query(
          `update tallystick.webhook_endpoint set previous_secret = case when $3 > 0 then secret end, secret = $2,
             previous_secret_until = case when $3 > 0 then tallystick.clock() + make_interval(hours => $3) end,
             updated_at = tallystick.clock() where id = $1`,
          [numberOf(id, "endpoint"), secret, keepHours],
        );
        return { ...(await getEndpoint(tx, id)), secret };
      });
    },
    async enable(id, options) {
      return write(options, async (tx) => {
        await tx.query(
          `update tallystick.webhook_endpoint set status = 'enabled', disabled_reason = null, failing_since = null,
             paused_until = null, updated_at = tallystick.clock() where id = $1 and status = 'disabled'`,
          [numberOf(id, "endpoint")],
        );
        await endPause(tx, id);
        return getEndpoint(tx, id);
      });
    },
    async disable(id, options) {
      return write(options, async (tx, actor) => {
        await disable(tx, numberOf(id, "endpoint"), "manual", undefined, actor);
        return getEndpoint(tx, id);
      });
    },
  };
}

async function endPause(tx: Queryable, id: string): Promise<void> {
  await tx.query("select tallystick.end_pause('endpoint:' || $1)", [numberOf(id, "endpoint")]);
}

/** Removes an endpoint, and cancels what waits for it. What only it wanted is noted until the next tick. @throws not_found */
export async function removeEndpoint(tx: Queryable, id: string, actor: string): Promise<void> {
  await tx.query("select tallystick.cancel_deliveries($1, $2, 'the endpoint was removed')", [
    numberOf(id, "endpoint"),
    actor,
  ]);
  const rows = await tx.query("delete from tallystick.webhook_endpoint where id = $1 returning id", [id]);
  if (rows.length === 0) throw notFound(id, "endpoint");
}

/** Has the journal noted for what endpoints subscribe to, also those that are disabled. Answers whether that changed. */
export async function watchForEndpoints(queryable: Queryable): Promise<boolean> {
  const endpoints = await queryable.query<{ types: string[] | null }>("select types from tallystick.webhook_endpoint");
  const usual = entryEventTypes.filter((type) => type !== HOT_EVENT_TYPE);
  const wanted = new Set<string>(endpoints.flatMap(({ types }) => types ?? usual));
  return watchEntries(
    queryable,
    "endpoints",
    entryEventTypes.filter((type) => wanted.has(type)),
  );
}
