// All that the ledger keeps about a user: what a person may ask for, and what erasure makes nobody's.
import type { Queryable } from "../db/database.ts";
import { readPages, type ExportPage } from "../db/export-pages.ts";

// The accounts of a user id, in every unit, with those merged into them: the same that erase_user finds.
const OWN_ACCOUNTS = `recursive own as (
    select id from tallystick.user_credit where user_id = $1
    union
    select merged.id from own join tallystick.user_credit merged on merged.merged_into_id = own.id
  )`;

const ACCOUNT = `
  select account.id as cursor, account.user_id as "userId", account.unit, account.current_credits as book, account.debt,
    account.time_zone as "timeZone", account.frozen_at as "frozenAt", account.frozen_by as "frozenBy",
    account.frozen_reason as "frozenReason", target.user_id as "mergedInto", account.created_at as "createdAt"
  from tallystick.user_credit account
  left join tallystick.user_credit target on target.id = account.merged_into_id
  where account.id = any ($3) and account.id > $1 order by account.id limit $2`;

// Each is asked for one account after the other, so that its index gives the order.
const sections: Readonly<Record<string, string>> = {
  transactions: `
    select entry.seq as cursor, account.user_id as "userId", account.unit, entry.id::text as id, entry.seq, entry.type,
      entry.amount, entry.balance_after as "balanceAfter", coalesce(entry.operation_id, entry.id)::text as "operationId",
      entry.payment_id::text as "paymentId", entry.refund_of_id::text as "refundOf", entry.feature, entry.member, entry.actor,
      entry.description, entry.metadata, entry.idempotency_key as "idempotencyKey", entry.provider, entry.fact,
      tallystick.allocations_of(entry.id) as draws, entry.created_at as "createdAt"
    from tallystick.credit_transaction entry join tallystick.user_credit account on account.id = entry.account_id
    where entry.account_id = $3 and entry.seq > $1 order by entry.seq limit $2`,
  lots: `
    select entry.seq as cursor, account.user_id as "userId", account.unit, lot.id::text as id, lot.amount,
      lot.remaining_amount as remaining, lot.held_amount as held, lot.priority, lot.scope, lot.payment_id::text as "paymentId",
      lot.effective_at as "effectiveAt", lot.expiration_date as "expiresAt"
    from tallystick.credit_transaction entry join tallystick.credit_lot lot on lot.id = entry.id
    join tallystick.user_credit account on account.id = entry.account_id
    where entry.account_id = $3 and entry.seq > $1 order by entry.seq limit $2`,
  holds: `
    select hold.id as cursor, account.user_id as "userId", account.unit, hold.id::text as id, hold.amount,
      hold.captured_amount as captured, hold.status, hold.feature, hold.member, hold.description, hold.metadata,
      hold.idempotency_key as "idempotencyKey", hold.capture_transaction_id::text as "transactionId",
      hold.created_at as "createdAt", hold.expires_at as "expiresAt", hold.settled_at as "settledAt"
    from tallystick.credit_hold hold join tallystick.user_credit account on account.id = hold.account_id
    where hold.account_id = $3 and hold.id > $1 order by hold.id limit $2`,
  enrolments: `
    select enrolment.id as cursor, account.user_id as "userId", account.unit, enrolment.plan_id as "planId", enrolment.type,
      enrolment.quantity, enrolment.payment_id::text as "paymentId", enrolment.source, enrolment.anchor_at as "anchorAt",
      enrolment.next_period - enrolment.first_period as "periodsGranted", enrolment.period_count as "periodCount",
      enrolment.next_due_at as "nextDueAt", enrolment.paused_at as "pausedAt", enrolment.ended_at as "endedAt",
      enrolment.continues_id::text as "continuesId", enrolment.created_at as "createdAt"
    from tallystick.credit_enrolment enrolment join tallystick.user_credit account on account.id = enrolment.account_id
    where enrolment.account_id = $3 and enrolment.id > $1 order by enrolment.id limit $2`,
  limits: `
    select spend_limit.id as cursor, account.user_id as "userId", account.unit, spend_limit.member, spend_limit.period,
      spend_limit.amount, spend_limit.time_zone as "timeZone", spend_limit.created_at as "createdAt"
    from tallystick.credit_spend_limit spend_limit join tallystick.user_credit account on account.id = spend_limit.account_id
    where spend_limit.account_id = $3 and spend_limit.id > $1 order by spend_limit.id limit $2`,
  alertRules: `
    select own.account_id as cursor, account.user_id as "userId", account.unit, own.rules, own.updated_at as "updatedAt"
    from tallystick.credit_alert_override own join tallystick.user_credit account on account.id = own.account_id
    where own.account_id = $3 and own.account_id > $1 order by own.account_id limit $2`,
  alerts: `
    select alert.id as cursor, 'credits.' || alert.kind || ':' || alert.id as key, account.user_id as "userId", account.unit,
      alert.kind, alert.level, alert.percent, alert.available, alert.lot_id::text as "lotId", alert.days, alert.amount,
      alert.expires_at as "expiresAt", alert.created_at as at, alert.relayed_at as "relayedAt"
    from tallystick.credit_alert alert join tallystick.user_credit account on account.id = alert.account_id
    where alert.account_id = $3 and alert.id > $1 order by alert.id limit $2`,
};

/**
 * Reads what the ledger keeps about a user id and the accounts merged into its own, section by section: accounts,
 * transactions with their draws, lots, holds, enrolments, limits, the account's own alert rules, alerts. Nothing is locked;
 * what is written meanwhile may be seen.
 */
export async function* exportUser(queryable: Queryable, userId: string): AsyncGenerator<ExportPage, void, undefined> {
  const own = await queryable.query<{ id: number }>(`with ${OWN_ACCOUNTS} select id from own order by id`, [userId]);
  const accountIds = own.map(({ id }) => id);
  yield* readPages(queryable, "accounts", { sql: ACCOUNT, values: [accountIds] });
  for (const [section, sql] of Object.entries(sections)) {
    yield { section, rows: [] };
    for (const accountId of accountIds) yield* readPages(queryable, section, { sql, values: [accountId] });
  }
}

/**
 * The user ids that stand for the same person: the one given, and those whose every account was merged into one of its own.
 */
export async function userIdsOf(queryable: Queryable, userId: string): Promise<readonly string[]> {
  const rows = await queryable.query<{ user_id: string }>(
    `with ${OWN_ACCOUNTS}
     select account.user_id from tallystick.user_credit account
     where account.user_id in (select user_id from tallystick.user_credit where id in (select id from own))
     group by account.user_id having bool_and(account.id in (select id from own))`,
    [userId],
  );
  return [userId, ...rows.map((row) => row.user_id).filter((id) => id !== userId)];
}
