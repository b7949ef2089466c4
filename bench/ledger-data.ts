// A ledger of any size, written by a few set-based statements and true by every equation of the audit. Entries of many
// accounts lie interleaved in the journal, as they do where many accounts live at once.
import pg from "pg";

export interface LedgerSize {
  readonly accounts: number;
  /** Entries of each account: three grants, then consumptions; every tenth account ends with a refund. 6 to 50. */
  readonly entriesOfAnAccount: number;
}

export interface LedgerRows {
  readonly accounts: number;
  readonly entries: number;
  readonly lots: number;
  readonly draws: number;
}

// Account i: a gift A of 1,000, a purchase B of 2,000 (payment i), and C of 500 that burns first. Its first consumption
// takes C whole and 20 of A; the others take 1 to 20 of A. Of every hundred accounts one ends with its purchase clawed
// back, of every twenty one has an open hold of 10 on A, of every fifty one has a monthly spend limit.
const statements = (accounts: number, entries: number): readonly (readonly [what: string, sql: string])[] => [
  [
    "accounts",
    `insert into tallystick.user_credit (id, user_id, limited) overriding system value
     select i, 'user-' || i, i % 50 = 5 from generate_series(1, ${accounts}) as i`,
  ],
  [
    "what each entry is",
    `create unlogged table draft_entry as
     select (k - 1)::bigint * ${accounts} + i as id, i::bigint as account_id, k as seq, kind,
       case kind when 'gift' then 1000 when 'purchase' then 2000 when 'month' then 500 when 'first' then -520
         when 'usage' then -(1 + (i::bigint * 31 + k * 17) % 20) when 'refund' then 1 + (i::bigint * 31 + 5 * 17) % 20
         when 'clawback' then -2000 end::bigint as amount,
       timestamptz '2026-01-05 00:00Z' + ((k - 1)::bigint * ${accounts} + i) * interval '1 millisecond' as created_at
     from generate_series(1, ${entries}) as k, generate_series(1, ${accounts}) as i,
       lateral (select case when k = 1 then 'gift' when k = 2 then 'purchase' when k = 3 then 'month' when k = 4 then 'first'
         when k = ${entries} and i % 10 = 0 then 'refund' when k = ${entries} and i % 100 = 1 then 'clawback'
         else 'usage' end as kind) as kinds`,
  ],
  [
    "journal",
    `insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
       payment_id, refund_of_id, refund_draw) overriding system value
     select id, account_id, seq, amount, sum(amount) over (partition by account_id order by seq), id, created_at,
       case kind when 'gift' then 'register_gift' when 'purchase' then 'purchase_package' when 'month' then 'monthly_refresh'
         when 'refund' then 'refund' when 'clawback' then 'clawback' else 'usage' end,
       case when kind in ('purchase', 'clawback') then account_id end,
       case when kind = 'refund' then 4::bigint * ${accounts} + account_id end, case when kind = 'refund' then 1 end
     from draft_entry order by id`,
  ],
  [
    "draws",
    `insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
     select id, 1, case kind when 'clawback' then ${accounts} + account_id when 'first' then 2::bigint * ${accounts} + account_id
       else account_id end, case kind when 'first' then 500 else -amount end, created_at
     from draft_entry where amount < 0
     union all select id, 2, account_id, 20, created_at from draft_entry where kind = 'first' order by 1, 2`,
  ],
  [
    "lots",
    `insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, held_amount, priority, effective_at,
       payment_id, open)
     select entry.id, entry.account_id, entry.amount, entry.amount - coalesce(drawn.total, 0),
       case when entry.kind = 'gift' and entry.account_id % 20 = 4 then 10 else 0 end,
       case when entry.kind = 'month' then 10 else 100 end, entry.created_at,
       case when entry.kind = 'purchase' then entry.account_id end, entry.amount > coalesce(drawn.total, 0)
     from draft_entry entry
     left join (select lot_id, sum(amount)::bigint as total from tallystick.credit_allocation group by lot_id) drawn
       on drawn.lot_id = entry.id where entry.amount > 0 order by entry.id`,
  ],
  [
    "holds",
    `with hold as (
       insert into tallystick.credit_hold (account_id, amount, expires_at, created_at)
       select i, 10, 'infinity', timestamptz '2026-02-01 00:00Z' from generate_series(4, ${accounts}, 20) as i
       returning id, account_id)
     insert into tallystick.credit_hold_lot (hold_id, n, lot_id, amount) select id, 1, account_id, 10 from hold`,
  ],
  [
    "books",
    `update tallystick.user_credit set current_credits = total, seq = ${entries}, cached_balance = total,
       cached_available = total - case when id % 20 = 4 then 10 else 0 end, cached_held = case when id % 20 = 4 then 10 else 0 end
     from (select account_id, sum(amount)::bigint as total from draft_entry group by account_id) journal
     where journal.account_id = user_credit.id`,
  ],
  [
    "returns",
    `insert into tallystick.credit_return (payment_id, paid_amount, returned_amount, updated_at)
     select i, 999, 999, timestamptz '2026-02-01 00:00Z' from generate_series(1, ${accounts}, 100) as i`,
  ],
  [
    "limits",
    `insert into tallystick.credit_spend_limit (account_id, period, amount, created_at)
     select i, 'month', 1000000, timestamptz '2026-01-01 00:00Z' from generate_series(5, ${accounts}, 50) as i`,
  ],
  [
    "counters",
    `insert into tallystick.credit_spend_counter (limit_id, period_start, amount)
     select spend_limit.id, date_trunc('month', entry.created_at at time zone 'UTC')::date, sum(-entry.amount)
     from tallystick.credit_spend_limit spend_limit
     join tallystick.credit_transaction entry on entry.account_id = spend_limit.account_id and entry.type = 'usage'
     group by 1, 2`,
  ],
  ["done", `drop table draft_entry`],
  ["sequence", `select setval('tallystick.credit_transaction_id_seq', ${accounts}::bigint * ${entries})`],
  ["sequence", `select setval(pg_get_serial_sequence('tallystick.user_credit', 'id'), ${accounts})`],
];

/** Fills an empty migrated database. Refunds of accounts with a limit don't occur: multiples of ten have none. */
export async function fillLedger(
  databaseUrl: string,
  { accounts, entriesOfAnAccount }: LedgerSize,
  onStep: (what: string, seconds: number) => void = () => undefined,
): Promise<LedgerRows> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query("set synchronous_commit = off");
    await client.query("set work_mem = '256MB'");
    for (const [what, sql] of statements(accounts, entriesOfAnAccount)) {
      const began = performance.now();
      await client.query(sql);
      onStep(what, (performance.now() - began) / 1000);
    }
    await client.query("vacuum analyze");
    const { rows } = await client.query<LedgerRows>(
      `select (select count(*) from tallystick.user_credit)::integer as accounts,
         (select count(*) from tallystick.credit_transaction)::integer as entries,
         (select count(*) from tallystick.credit_lot)::integer as lots,
         (select count(*) from tallystick.credit_allocation)::integer as draws`,
    );
    return rows[0] ?? { accounts: 0, entries: 0, lots: 0, draws: 0 };
  } finally {
    await client.end();
  }
}
