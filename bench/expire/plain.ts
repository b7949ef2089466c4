// What the sweep is measured beside: the same due lots, updated barely, or expired row by row as templates do it.
import type pg from "pg";

/** Accounts with due lots, scattered as months of grants leave them, and one lot that is alive. Replaces what was there. */
export async function fillSweep(pool: pg.Pool, accounts: number, lots: number): Promise<void> {
  await pool.query(`
    truncate tallystick.credit_allocation, tallystick.credit_lot;
    alter table tallystick.credit_transaction disable trigger all;
    truncate tallystick.credit_transaction;
    alter table tallystick.credit_transaction enable trigger all;
    truncate tallystick.user_credit cascade;
    drop table if exists bench_transaction, bench_credit`);
  await pool.query(
    `insert into tallystick.user_credit (user_id, current_credits, seq, next_change_at)
     select 'user-' || n, 10 * $2::bigint + 1000000, $2::bigint + 1, '-infinity' from generate_series(0, $1::integer - 1) n`,
    [accounts, lots],
  );
  await pool.query(
    `insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
     select account.id, k, credits, case when k = 1 then 1000000 else 1000000 + 10 * (k - 1) end, 0, now() - interval '60 days', 'monthly_refresh'
     from generate_series(1, $1::bigint + 1) k cross join lateral (select case when k = 1 then 1000000 else 10 end as credits) amount
     cross join tallystick.user_credit account order by k, account.id`,
    [lots],
  );
  await pool.query(
    `insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, expiration_date)
     select id, account_id, amount, amount, created_at,
       case when seq > 1 then date_trunc('day', now()) - interval '1 day' * (seq - 1) end
     from tallystick.credit_transaction order by id`,
  );
  await pool.query("vacuum analyze tallystick.user_credit, tallystick.credit_lot, tallystick.credit_transaction");
  await pool.query("checkpoint");
}

export async function dueLots(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ due: string }>("select tallystick.expirable_lots() as due");
  return Number(rows[0]?.due);
}

/** One statement, nothing but the lots. */
export async function updateLots(pool: pg.Pool): Promise<void> {
  await pool.query(
    `update tallystick.credit_lot set remaining_amount = 0, open = false, expiration_date_processed_at = now()
     where open and expiration_date <= now()`,
  );
}

/**
 * The accounts of those lots, which the sweep updates too: their balance is a sum that has to be kept. It is told the sum.
 */
export async function updateAccounts(pool: pg.Pool, expired: number): Promise<void> {
  await pool.query(
    "update tallystick.user_credit set current_credits = current_credits - $1, seq = seq + 1, updated_at = now()",
    [expired],
  );
}

/** Some of the due lots as the reference's tables, on which it is at its quickest. */
export async function fillReference(pool: pg.Pool, rows: number): Promise<void> {
  await pool.query(
    "create table bench_credit as select user_id, current_credits, now() as updated_at from tallystick.user_credit",
  );
  await pool.query("alter table bench_credit add primary key (user_id)");
  await pool.query(
    `create table bench_transaction as select 'tx-' || lot.id as id, account.user_id, 'PURCHASE' as type, lot.amount::bigint,
       lot.remaining_amount::bigint, lot.expiration_date, null::timestamptz as expiration_date_processed_at, now() as created_at
     from tallystick.credit_lot lot join tallystick.user_credit account on account.id = lot.account_id
     where expiration_date <= now() limit $1`,
    [rows],
  );
  await pool.query("alter table bench_transaction add primary key (id)");
  await pool.query("vacuum analyze bench_credit, bench_transaction");
}

/**
 * The reference architecture's algorithm: reads every expired transaction, then loops, one transaction a row, which
 * updates the balance, records the expiry and marks the row processed.
 */
export async function referenceExpire(pool: pg.Pool): Promise<void> {
  const expired = await pool.query<{ id: string; user_id: string; remaining_amount: string }>(
    `select id, user_id, remaining_amount from bench_transaction
     where expiration_date < now() and expiration_date_processed_at is null and remaining_amount > 0`,
  );
  for (const { id, user_id: userId, remaining_amount: remaining } of expired.rows) {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query(
        "update bench_transaction set remaining_amount = 0, expiration_date_processed_at = now() where id = $1",
        [id],
      );
      const balance = await client.query<{ current_credits: string }>(
        "select current_credits from bench_credit where user_id = $1",
        [userId],
      );
      await client.query("update bench_credit set current_credits = $2, updated_at = now() where user_id = $1", [
        userId,
        Math.max(0, Number(balance.rows[0]?.current_credits) - Number(remaining)),
      ]);
      await client.query(
        `insert into bench_transaction (id, user_id, type, amount, remaining_amount, created_at)
         values ($1, $2, 'EXPIRE', $3, 0, now())`,
        [`${id}-expired`, userId, -Number(remaining)],
      );
      await client.query("commit");
    } finally {
      client.release();
    }
  }
}
