// What distribution is measured beside, and the enrolments it works on.
import type pg from "pg";

/** Accounts that are enrolled in the free plan and due since yesterday. Replaces what was there. */
export async function fillEnrolments(pool: pg.Pool, accounts: number): Promise<void> {
  await pool.query(`
    truncate tallystick.credit_allocation, tallystick.credit_lot;
    alter table tallystick.credit_transaction disable trigger all;
    truncate tallystick.credit_transaction;
    alter table tallystick.credit_transaction enable trigger all;
    truncate tallystick.user_credit cascade`);
  await pool.query(
    `with account as (
       insert into tallystick.user_credit (user_id) select 'user-' || n from generate_series(1, $1::integer) n returning id)
     insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
     select id, 'free', 'monthly_refresh', now() - interval '1 day', now() - interval '1 day' from account`,
    [accounts],
  );
  await pool.query(
    "vacuum analyze tallystick.user_credit, tallystick.credit_enrolment, tallystick.credit_lot, tallystick.credit_transaction",
  );
  await pool.query("checkpoint");
}

/**
 * The rows that a distribution writes, written barely, a batch at a time: no lock, no rule, no calendar, no other account's
 * entry between. What is left is what Postgres takes for these rows, their indexes and triggers.
 */
export async function writeBarely(pool: pg.Pool, batchSize: number): Promise<void> {
  const { rows } = await pool.query<{ first: string; last: string }>(
    "select min(id) as first, max(id) as last from tallystick.credit_enrolment",
  );
  const last = Number(rows[0]?.last);
  const client = await pool.connect();
  try {
    for (let from = Number(rows[0]?.first); from <= last; from += batchSize) {
      const range = [from, Math.min(last, from + batchSize - 1)];
      await client.query("begin");
      // As the ledger's statements are planned, for statistics that are behind.
      await client.query("set local enable_seqscan = off");
      await client.query(
        `insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type,
           provider, fact, description)
         select account_id, 1, 50, 50, 0, now(), 'monthly_refresh', 'tallystick', 'enrolment:' || id || ':0', plan_id
         from tallystick.credit_enrolment where id between $1 and $2`,
        range,
      );
      await client.query(
        `insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, expiration_date)
         select entry.id, entry.account_id, 50, 50, now(), now() + interval '30 days'
         from tallystick.credit_enrolment e join tallystick.credit_transaction entry on entry.account_id = e.account_id
         where e.id between $1 and $2`,
        range,
      );
      await client.query(
        `update tallystick.user_credit account set current_credits = current_credits + 50, seq = seq + 1, updated_at = now(),
           cached_balance = cached_balance + 50, cached_available = cached_available + 50, next_change_at = now() + interval '30 days'
         from tallystick.credit_enrolment e where e.id between $1 and $2 and account.id = e.account_id`,
        range,
      );
      await client.query(
        `update tallystick.credit_enrolment set next_period = next_period + 1, period_ends_at = now() + interval '30 days',
           period_credits = 50, next_due_at = now() + interval '30 days' where id between $1 and $2`,
        range,
      );
      await client.query("commit");
    }
  } finally {
    client.release();
  }
}

/** The reference's tables, with as many users as are measured. */
export async function fillUsers(pool: pg.Pool, users: number): Promise<void> {
  await pool.query(`
    drop table if exists bench_user_credit, bench_credit_transaction;
    create table bench_user_credit (user_id text primary key, current_credits bigint not null, updated_at timestamptz);
    create table bench_credit_transaction (id text primary key, user_id text not null, type text not null, amount bigint not null,
      remaining_amount bigint, expiration_date timestamptz, created_at timestamptz not null default now());
    create index on bench_credit_transaction (user_id)`);
  await pool.query(
    "insert into bench_user_credit select 'user-' || n, 0, now() from generate_series(1, $1::integer) n",
    [users],
  );
}

/** Reads every user, then loops: has this month been given? If not, one transaction that reads and writes the balance. */
export async function referenceDistribute(pool: pg.Pool): Promise<void> {
  const users = await pool.query<{ user_id: string }>("select user_id from bench_user_credit");
  for (const { user_id: userId } of users.rows) {
    const client = await pool.connect();
    try {
      const given = await client.query(
        `select 1 from bench_credit_transaction where user_id = $1 and type = 'MONTHLY_REFRESH'
         and created_at >= date_trunc('month', now()) limit 1`,
        [userId],
      );
      if (given.rows.length > 0) continue;
      await client.query("begin");
      const balance = await client.query<{ current_credits: string }>(
        "select current_credits from bench_user_credit where user_id = $1",
        [userId],
      );
      await client.query("update bench_user_credit set current_credits = $2, updated_at = now() where user_id = $1", [
        userId,
        Number(balance.rows[0]?.current_credits) + 50,
      ]);
      await client.query(
        `insert into bench_credit_transaction (id, user_id, type, amount, remaining_amount, expiration_date)
         values ($1, $2, 'MONTHLY_REFRESH', 50, 50, now() + interval '30 days')`,
        [`${userId}-month`, userId],
      );
      await client.query("commit");
    } finally {
      client.release();
    }
  }
}
