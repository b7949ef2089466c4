// What outgoing events keep about a user: endpoints of the user's own, and events that are about the user. Read out; and
// removed, or told of an alias instead.
import type { Queryable } from "../db/database.ts";
import { readPages, type ExportPage } from "../db/export-pages.ts";
import { removeEndpoint } from "./endpoints.ts";

const sections: Readonly<Record<string, string>> = {
  endpoints: `
    select id as cursor, id::text as id, url, description, types, status, created_at as "createdAt"
    from tallystick.webhook_endpoint where user_id = any ($3) and id > $1 order by id limit $2`,
  outgoingEvents: `
    select event.id as cursor, event.event_key as key, event.webhook_id as "webhookId", event.type, event.data,
      event.occurred_at as "occurredAt", (select coalesce(jsonb_agg(jsonb_build_object('endpointId', endpoint_id::text,
        'status', status, 'finishedAt', finished_at) order by id), '[]')
        from tallystick.outgoing_delivery where event_id = event.id) as deliveries
    from tallystick.outgoing_event event where event.user_id = any ($3) and event.id > $1 order by event.id limit $2`,
};

/** Reads the endpoints and events of these user ids, page by page. */
export async function* exportOutgoing(
  queryable: Queryable,
  userIds: readonly string[],
): AsyncGenerator<ExportPage, void, undefined> {
  for (const [section, sql] of Object.entries(sections)) {
    yield* readPages(queryable, section, { sql, values: [userIds] });
  }
}

export interface ForgottenOutgoing {
  /** Endpoints of the user's own, removed. */
  readonly endpoints: number;
  /** Events about the user that are told of an alias from now on, also those that still wait to be sent. */
  readonly outgoingEvents: number;
}

/** Removes the endpoints of these user ids and puts the alias in their place in events, in the caller's transaction. */
export async function forgetOutgoing(
  tx: Queryable,
  userIds: readonly string[],
  alias: string,
): Promise<ForgottenOutgoing> {
  const endpoints = await tx.query<{ id: string }>(
    "select id::text from tallystick.webhook_endpoint where user_id = any ($1) order by id for update",
    [userIds],
  );
  for (const { id } of endpoints) await removeEndpoint(tx, id, "erasure");
  const events = await tx.query(
    `update tallystick.outgoing_event set user_id = $2, data = data - '{member,idempotencyKey}'::text[]
       || jsonb_build_object('userId', $2::text)
     where user_id = any ($1) returning id`,
    [userIds, alias],
  );
  return { endpoints: endpoints.length, outgoingEvents: events.length };
}
