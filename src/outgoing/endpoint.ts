// An endpoint: a URL to which events are posted, and how one is read and checked.
import type { Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { eventTypes, type EventType } from "../kernel/outgoing-event.ts";
import { checkPublicUrl, type PublicFetchOptions } from "../kernel/public-fetch.ts";
import type { DisabledReason } from "./disable.ts";

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  /** The types of events that it gets; null: every type but `credits.consumed`. */
  readonly types: readonly EventType[] | null;
  /** Whose events it gets; null: everybody's, and those that are nobody's. */
  readonly userId: string | null;
  readonly status: "enabled" | "disabled";
  readonly disabledReason: DisabledReason | null;
  /** The first failure since the last success; null while it works. */
  readonly failingSince: Date | null;
  /** Until when deliveries are signed with the secret before, too. */
  readonly previousSecretUntil: Date | null;
  /** Deliveries that wait. */
  readonly pending: number;
  /** Who added it. */
  readonly actor: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface EndpointInput {
  readonly url: string;
  readonly description?: string | undefined;
  readonly types?: readonly EventType[] | null | undefined;
  readonly userId?: string | undefined;
}

/** What of an endpoint can be changed; whose it is stays. */
export interface EndpointChange {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly types?: readonly EventType[] | null | undefined;
}

// Secrets are never among the columns.
const columns = `endpoint.id::text as id, url, description, types, user_id as "userId", endpoint.status,
  disabled_reason as "disabledReason", failing_since as "failingSince",
  case when previous_secret_until > tallystick.clock() then previous_secret_until end as "previousSecretUntil",
  (select count(*) from tallystick.outgoing_delivery delivery
    where delivery.endpoint_id = endpoint.id and delivery.status = 'pending') as pending,
  actor, created_at as "createdAt", updated_at as "updatedAt"`;

/** Reads all endpoints, or one user's own, in the order in which they were added. */
export async function listEndpoints(queryable: Queryable, userId?: string): Promise<readonly Endpoint[]> {
  return queryable.query<Endpoint>(
    `select ${columns} from tallystick.webhook_endpoint endpoint
     where $1::text is null or user_id = $1 order by endpoint.id`,
    [userId ?? null],
  );
}

/** @throws not_found */
export async function getEndpoint(queryable: Queryable, id: string): Promise<Endpoint> {
  const [row] = await queryable.query<Endpoint>(
    `select ${columns} from tallystick.webhook_endpoint endpoint where endpoint.id = $1`,
    [numberOf(id, "endpoint")],
  );
  if (row === undefined) throw notFound(id, "endpoint");
  return row;
}

/** The number in an id. @throws not_found for what is none */
export function numberOf(id: string, what: "endpoint" | "delivery"): number {
  if (!/^\d{1,15}$/.test(id)) throw notFound(id, what);
  return Number(id);
}

export function notFound(id: string, what: "endpoint" | "delivery"): TallystickError {
  return new TallystickError("not_found", `There is no ${what} ${id.slice(0, 40)}.`);
}

const MAX_URL = 2000;
const MAX_TEXT = 255;

/** @throws invalid_request */
export function checkEndpoint(
  input: EndpointChange & { readonly userId?: string | undefined },
  options: PublicFetchOptions,
): void {
  if (input.url !== undefined) {
    if (typeof input.url !== "string" || input.url.length > MAX_URL)
      throw invalid(`url has at most ${MAX_URL} characters.`);
    checkPublicUrl(input.url, options);
  }
  for (const name of ["description", "userId"] as const) {
    const text = input[name];
    if (text !== undefined && !(typeof text === "string" && text.length >= 1 && text.length <= MAX_TEXT)) {
      throw invalid(`${name} must be a text of 1 to ${MAX_TEXT} characters.`);
    }
  }
  if (input.types !== undefined && input.types !== null) checkTypes(input.types);
}

function checkTypes(types: readonly string[]): void {
  if (!Array.isArray(types) || types.length === 0) throw invalid("types must be a list of one type or more.");
  const unknown = types.find((type) => !(eventTypes as readonly string[]).includes(type));
  if (unknown !== undefined) {
    throw invalid(`There is no type of event ${String(unknown).slice(0, 40)}; there are ${eventTypes.join(", ")}.`);
  }
}

function invalid(message: string): TallystickError {
  return new TallystickError("invalid_request", message);
}
