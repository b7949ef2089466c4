// What the outbox keeps about a user: the messages that name them, read out, and told of an alias instead.
import type { Queryable } from "../db/database.ts";
import { readPages, type ExportPage } from "../db/export-pages.ts";
import { userFieldNames } from "./templates/words.ts";

// $3: the names under which a message shows a user id; $4: the user ids.
const IS_USER = "field ->> 'name' = any ($3) and field ->> 'value' = any ($4)";
const NAMES_USER = `(user_id = any ($4) or exists (select from jsonb_array_elements(fields) field where ${IS_USER}))`;

/** Reads the messages that name one of these user ids, page by page. */
export async function* exportNotifications(
  queryable: Queryable,
  userIds: readonly string[],
): AsyncGenerator<ExportPage, void, undefined> {
  yield* readPages(queryable, "notifications", {
    sql: `select id as cursor, channel, kind, severity, title, body, fields, status, created_at as "createdAt", sent_at as "sentAt"
      from tallystick.notification where id > $1 and ${NAMES_USER} order by id limit $2`,
    values: [userFieldNames, userIds],
  });
}

/**
 * Puts the alias in the place of the user ids, in the caller's transaction; answers how many messages named one. A message
 * in the product's own words may say anything about the user, so all its words go.
 */
export async function forgetNotifications(tx: Queryable, userIds: readonly string[], alias: string): Promise<number> {
  const rows = await tx.query(
    `update tallystick.notification set
       user_id = case when user_id = any ($4) then $2 else user_id end,
       title = case when custom then kind else title end,
       body = case when custom then '' else body end,
       fields = coalesce((
         select jsonb_agg(case when ${IS_USER} then field || jsonb_build_object('value', $2::text) else field end order by n)
         from jsonb_array_elements(case when custom then '[]' else fields end) with ordinality as listed (field, n)), '[]')
     where id > $1 and ${NAMES_USER} returning id`,
    [0, alias, userFieldNames, userIds],
  );
  return rows.length;
}
