// What the payment layer keeps about a user: read out, and made nobody's. Rows and events stay, because a payment that is
// refunded next year, or told a second time, must still be found; whose they were goes.
import type { Queryable } from "../db/database.ts";
import { readPages, type ExportPage } from "../db/export-pages.ts";
import { withoutPersonalData, type Erasure } from "./personal-data.ts";

const sections: Readonly<Record<string, string>> = {
  customers: `
    select id as cursor, provider, customer_id as "customerId", user_id as "userId", created_at as "createdAt"
    from tallystick.customer where user_id = any ($3) and id > $1 order by id limit $2`,
  payments: `
    select id as cursor, id::text as id, provider, user_id as "userId", customer_id as "customerId", price_id as "priceId", type,
      session_id as "sessionId", invoice_id as "invoiceId", payment_intent_id as "paymentIntentId",
      subscription_id as "subscriptionId", status, amount, currency, paid_at as "paidAt", created_at as "createdAt"
    from tallystick.payment where user_id = any ($3) and id > $1 order by id limit $2`,
  returns: `
    select returned.id as cursor, returned.payment_id::text as "paymentId", returned.return_id as "returnId", returned.kind as type,
      returned.status, returned.amount, returned.currency, returned.stands, returned.created_at as "createdAt"
    from tallystick.payment_return returned join tallystick.payment on payment.id = returned.payment_id
    where payment.user_id = any ($3) and returned.id > $1 order by returned.id limit $2`,
  subscriptions: `
    select id as cursor, provider, subscription_id as "subscriptionId", user_id as "userId", customer_id as "customerId",
      price_id as "priceId", plan_id as "planId", quantity, status, current_period_end as "currentPeriodEnd",
      cancel_at as "cancelAt", ended_at as "endedAt", created_at as "createdAt"
    from tallystick.subscription where user_id = any ($3) and id > $1 order by id limit $2`,
  autoTopUps: `
    select account_id as cursor, user_id as "userId", provider, price_id as "priceId", quantity, below,
      max_per_month as "maxPerMonth", retry_at as "retryAt", suspended_at as "suspendedAt", created_at as "createdAt"
    from tallystick.auto_top_up where user_id = any ($3) and account_id > $1 order by account_id limit $2`,
  topUpAttempts: `
    select id as cursor, user_id as "userId", provider, price_id as "priceId", quantity, status, reason,
      invoice_id as "invoiceId", created_at as "createdAt", finished_at as "finishedAt"
    from tallystick.auto_top_up_attempt where user_id = any ($3) and id > $1 order by id limit $2`,
};

// Events that name one of the user ids where a server writes it, or an object that is known to be the user's. Read
// through once: events are found by id and state otherwise, and this is asked once in a user's life. The text is looked at
// first, which passes over nearly all at a third of the cost of the paths.
const EVENTS = `
  select event.id as cursor, event.id::text as id, event.provider, event.event_id as "eventId", event.type, event.payload,
    event.received_at as "receivedAt"
  from tallystick.webhook_event event
  where event.id > $1 and event.payload::text like any ($5) and (
    jsonb_path_exists(event.payload, '$.**.metadata.userId ? (@ == $userIds[*])', jsonb_build_object('userIds', $3::jsonb))
    or jsonb_path_exists(event.payload, '$.**.custom_data.userId ? (@ == $userIds[*])', jsonb_build_object('userIds', $3::jsonb))
    or jsonb_path_exists(event.payload, '$.**.client_reference_id ? (@ == $userIds[*])', jsonb_build_object('userIds', $3::jsonb))
    or jsonb_path_exists(event.payload, '$.** ? (@ == $objects[*])', jsonb_build_object('objects', $4::jsonb)))
  order by event.id limit $2`;
const EVENTS_PAGE = 100;

/** Reads customers, payments, subscriptions and events of these user ids, page by page. */
export async function* exportPayments(
  queryable: Queryable,
  userIds: readonly string[],
): AsyncGenerator<ExportPage, void, undefined> {
  for (const [section, sql] of Object.entries(sections)) {
    yield* readPages(queryable, section, { sql, values: [userIds] });
  }
  yield* readEvents(queryable, userIds);
}

async function* readEvents(
  queryable: Queryable,
  userIds: readonly string[],
): AsyncGenerator<ExportPage, void, undefined> {
  const objects = await queryable.query<{ id: string }>(
    `select customer_id as id from tallystick.customer where user_id = any ($1)
     union select unnest(array[customer_id, session_id, invoice_id, payment_intent_id, subscription_id])
       from tallystick.payment where user_id = any ($1)
     union select reference from tallystick.payment_charge
       where payment_id in (select id from tallystick.payment where user_id = any ($1))
     union select return_id from tallystick.payment_return
       where payment_id in (select id from tallystick.payment where user_id = any ($1))
     union select unnest(array[customer_id, subscription_id]) from tallystick.subscription where user_id = any ($1)`,
    [userIds],
  );
  const ids = objects.flatMap(({ id }) => id ?? []);
  const patterns = [...userIds, ...ids].map((id) => `%${JSON.stringify(id).replace(/[\\%_]/g, "\\$&")}%`);
  const values = [JSON.stringify(userIds), JSON.stringify(ids), patterns];
  yield* readPages(queryable, "events", { sql: EVENTS, values, pageSize: EVENTS_PAGE });
}

/**
 * Locks the rows that `forgetPayments` will write. Called before any account is locked, as an event's handler writes its
 * payment before it grants.
 */
export async function lockPayments(tx: Queryable, userIds: readonly string[]): Promise<void> {
  for (const table of ["customer", "payment", "subscription"]) {
    await tx.query(`select from tallystick.${table} where user_id = any ($1) order by id for update`, [userIds]);
  }
}

export interface ForgetResult {
  readonly customers: number;
  readonly payments: number;
  readonly subscriptions: number;
  /** Stored events whose personal fields were removed. */
  readonly events: number;
}

/**
 * Puts the alias in the place of the user ids and removes the personal fields of stored events, in the caller's
 * transaction. The provider's own ids stay: a customer remains the alias's until `linkCustomer`, or an
 * event by the server's own metadata, gives it to somebody else who has an account.
 */
export async function forgetPayments(tx: Queryable, input: Erasure): Promise<ForgetResult> {
  const { userIds, alias } = input;
  // Before the rows that lead to them.
  let events = 0;
  for await (const { rows } of readEvents(tx, userIds)) {
    if (rows.length === 0) continue;
    await tx.query(
      `update tallystick.webhook_event event set payload = cleaned.payload
       from unnest($1::bigint[], $2::jsonb[]) as cleaned (id, payload) where event.id = cleaned.id`,
      [rows.map(({ id }) => id), rows.map(({ payload }) => JSON.stringify(withoutPersonalData(payload, input)))],
    );
    events += rows.length;
  }
  const [customers, payments, subscriptions] = [
    await renameOwner(tx, "customer", userIds, alias),
    await renameOwner(tx, "payment", userIds, alias),
    await renameOwner(tx, "subscription", userIds, alias),
  ];
  // Nothing is bought any more; what waits for its payer is given up in its time.
  await tx.query("delete from tallystick.auto_top_up where user_id = any ($1)", [userIds]);
  await tx.query("update tallystick.auto_top_up_attempt set user_id = $2, pay_url = null where user_id = any ($1)", [
    userIds,
    alias,
  ]);
  return { customers, payments, subscriptions, events };
}

async function renameOwner(
  tx: Queryable,
  table: "customer" | "payment" | "subscription",
  userIds: readonly string[],
  alias: string,
): Promise<number> {
  const rows = await tx.query(
    `update tallystick.${table} set user_id = $2, updated_at = tallystick.clock() where user_id = any ($1) returning id`,
    [userIds, alias],
  );
  return rows.length;
}
