// The mutants that nothing kills, and why nothing can.

export interface Explained {
  readonly why: string;
  /** `function: mutant`, as a run names them. */
  readonly mutants: readonly string[];
}

export const explained: readonly Explained[] = [
  {
    why: "a lot is open as long as something remains, and more remains than is held: the word is for the index",
    mutants: [
      "burnable_lots: where account_id = p_account_id {and open → } and remaining_amount > held_amount",
      "account_totals: where account_id = p_account_id {and open → }",
      "pay_shortfalls: where account_id = p_account_id {and open → } and remaining_amount > held_amount",
      "forgive_shortfalls: where account_id = p_account.id {and open → } and (expiration_date is null or expiration_date > p_now);",
    ],
  },
  {
    why: "the index that is read gives equal terms in the order of their ids; said for readers and other plans",
    mutants: ["burnable_lots: order by priority, (scope is null), expiration_date{, id → }"],
  },
  {
    why: "an array's concatenation takes nothing for an empty array",
    mutants: ["burn_plan: {lot_ids := '{}'; → null;}", "burn_plan: {takes := '{}'; → null;}"],
  },
  {
    why: "a shorter way to what the general statement does too",
    mutants: [
      "draw_on_lots: {if cardinality(p_lot_ids) = 1 then inser …  return; end if; → null;}",
      "draw_on_lots: if cardinality(p_lot_ids) = {1 → 0} then",
      "pay_shortfalls: {if p_debt = 0 then return 0; end if; → null;}",
      "consume_credits: if {p_idempotency_key is not null and → } (account.has_holds or whole.id is not null or exists (",
      "consume_credits: if p_idempotency_key is not null {and → or} (account.has_holds or whole.id is not null or exists (",
      "consume_credits: if p_idempotency_key is not null {and (account.has_holds or whole.id is no … d = account.id)) → }",
      "consume_credits: select from tallystick.credit_transaction where {idempotency_key = p_idempotency_key and → } account_id = account.id))",
      "consume_credits: select from tallystick.credit_transaction where idempotency_key = p_idempotency_key {and → or} account_id = account.id))",
      "consume_credits: select from tallystick.credit_transaction where idempotency_key = p_idempotency_key {and account_id = account.id → }))",
      "consume_credits: {if account.cached_available < p_amount t … ilable); end if; → null;}",
      "consume_credits: if {coalesce(lot.free, 0) → (0)} < p_amount then",
      "consume_credits: if coalesce(lot.free, 0) {< → <=} p_amount then",
      "consume_credits: select id, free into lot from tallystick.burnable_lots(account.id, p_feature, t) limit {1 → 0};",
      "forgive_shortfalls: {if p_account.debt = 0 then return p_account; end if; → null;}",
      "account_totals: select case when p_debt {> → >=} by_live + by_pending + unexpired_held then tallystick.lost_credits(p_account_id,",
      "account_totals: select case when p_debt > by_live + by_pending {+ → -} unexpired_held then tallystick.lost_credits(p_account_id,",
      "distribute_credits: {if page.due = 0 then return jsonb_build_ … , null); end if; → null;}",
      "distribute_credits: where {next_due_at <= t and → } (next_due_at, id) >",
    ],
  },
  {
    why: "only claw-backs and transfers have shortfalls: the words are for the index",
    mutants: [
      "pay_shortfalls: where entry.account_id = p_account_id {and entry.type in ('clawback', 'transfer_out') → } and -entry.amount > drawn.total",
      "lost_shortfalls: where entry.account_id = p_account_id {and entry.type in ('clawback', 'transfer_out') → } and entry.created_at <= p_at",
    ],
  },
  {
    why: "of several shortfalls only the first is ever drawn in part, and before the first nothing is free",
    mutants: [
      "pay_shortfalls: select entry.id, drawn.last_n, sum(-entry.amount - drawn.total) over earlier - (-entry.amount {- → +} drawn.total) as low,",
    ],
  },
  {
    why: "a claw-back forgives what it can at its own moment, and stands behind all others then",
    mutants: [
      "lost_shortfalls: where entry.account_id = p_account_id and entry.type in ('clawback', 'transfer_out') and entry.created_at {<= → <} p_at",
    ],
  },
  {
    why: "nothing pending is free beside debt: what is granted for later pays it at once",
    mutants: [
      "account_totals: select case when p_debt > by_live {+ → -} by_pending + unexpired_held then tallystick.lost_credits(p_account_id,",
      "account_totals: (by_live {+ → -} by_pending + unexpired_held)::bigint, 9007199254740991 - p_book) else 0 end as amount",
      "account_totals: (p_debt - by_live {- → +} by_pending - lost.amount)::bigint,",
    ],
  },
  {
    why: "a next change that is told too early has the totals computed once more, and they are the same",
    mutants: [
      "account_totals: where {account_id = p_account_id and → } status = 'open' and expires_at > p_now))",
      "account_totals: where account_id = p_account_id {and status = 'open' → } and expires_at > p_now))",
      "account_totals: where account_id = p_account_id {and → or} status = 'open' and expires_at > p_now))",
      "account_totals: where account_id = p_account_id and status = 'open' {and → or} expires_at > p_now))",
      "account_totals: where account_id = p_account_id and status = 'open' {and expires_at > p_now → }))",
      "account_totals: where account_id = p_account_id and status = 'open' and expires_at {> → >=} p_now))",
      "settle_returns_of: where {next_change_at <= t and → } id in (select account_id from tallystick.due_returns(told) where delta <> 0);",
      "grant_periods: min(expires_at) filter (where expires_at {> → >=} p_now) as expires_at",
    ],
  },
  {
    why: "a further pass from the front finds nothing due",
    mutants: [
      "grant_periods: select count(*) as granted, coalesce(sum(amount), 0) as credits, count(*) filter (where goes_on {and ends_at <= p_now → }) as again,",
    ],
  },
  {
    why: "lots are joined by the account's own: what is held of another account's is never looked at",
    mutants: [
      "account_totals: where {hold.account_id = p_account_id and → } hold.status = 'open' and hold.expires_at <= p_now",
    ],
  },
  {
    why: "without a term before, its end is null, and between two moments it is not",
    mutants: [
      "enrol_account: if {found and → } last.ends_at between t - interval '1 month' and t + interval '2 months'",
    ],
  },
  {
    why: "reached only when another session commits the same fact between two statements",
    mutants: [
      "enrol_account: select id into enrolment_id from tallystick.credit_enrolment where provider {= → <>} p_provider and fact = p_fact; #2",
    ],
  },
  {
    why: "into a record goes the first row",
    mutants: [
      "consume_credits: select id, free into lot from tallystick.burnable_lots(account.id, p_feature, t) limit {1 → 2};",
    ],
  },
  {
    why: "time that passes while a lock is waited for, and the order of locks, which one session can't tell",
    mutants: [
      "consume_credits: {t := tallystick.clock(); → null;} #2",
      "distribute_credits: order by {id → id desc} for no key update skip locked);",
    ],
  },
];
