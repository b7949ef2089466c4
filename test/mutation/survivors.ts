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
      "pay_shortfalls: where account_id = p_account_id {and open → } and remaining_amount > held_amount",
      "forgive_shortfalls: where account_id = p_account.id {and open → } and (expiration_date is null or expiration_date > p_now);",
      "claw_back: where account_id = p_account.id {and open → } and remaining_amount > held_amount",
    ],
  },
  {
    why: "the index that is read gives equal terms in the order of their ids; said for readers and other plans",
    mutants: [
      "burnable_lots: order by priority, (scope is null), expiration_date{, id → }",
      "distribute_credits: order by next_due_at{, id → } limit p_batch) due;",
      "distribute_returned: order by e.next_due_at{, e.id → } limit 1;",
    ],
  },
  {
    why: "an array's concatenation takes nothing for an empty array",
    mutants: [
      "burn_plan: {lot_ids := '{}'; → null;}",
      "burn_plan: {takes := '{}'; → null;}",
      "give_back: {entry_ids := '{}'; → null;} amounts := '{}'; draw_numbers := '{}'; payment_ids := '{}';",
      "give_back: entry_ids := '{}'; {amounts := '{}'; → null;} draw_numbers := '{}'; payment_ids := '{}';",
      "give_back: entry_ids := '{}'; amounts := '{}'; {draw_numbers := '{}'; → null;} payment_ids := '{}';",
      "give_back: entry_ids := '{}'; amounts := '{}'; draw_numbers := '{}'; {payment_ids := '{}'; → null;}",
    ],
  },
  {
    why: "a shorter way to what the general statement does too",
    mutants: [
      "draw_on_lots: {if cardinality(p_lot_ids) = 1 then inser …  return; end if; → null;}",
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
      "reinstate: {exit when rest = 0; → null;}",
      "forgive_shortfalls: {if p_account.debt = 0 then return p_account; end if; → null;}",
      "account_totals: select case when p_debt {> → >=} paid + unexpired_held then tallystick.lost_credits(p_account_id,",
      "account_totals: select case when p_debt > paid {+ → -} unexpired_held then tallystick.lost_credits(p_account_id,",
      "distribute_account: where account_id = p_account_id {and next_due_at <= tallystick.clock() → } and not id = any (passed)",
      "grant_periods: array_agg(account_id) filter (where debt {> → >=} 0) as debtors into counts from entry;",
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
    why: "a claw-back forgives what it can at its own moment, and stands behind all others then",
    mutants: [
      "lost_shortfalls: where entry.account_id = p_account_id and entry.type in ('clawback', 'transfer_out') and entry.created_at {<= → <} p_at",
    ],
  },
  {
    why: "a next change that is told too early has the totals computed once more, and they are the same",
    mutants: [
      "account_totals: where account_id = p_account_id {and open → }",
      "account_totals: where {account_id = p_account_id and → } status = 'open' and expires_at > p_now)), 'infinity')",
      "account_totals: where account_id = p_account_id {and status = 'open' → } and expires_at > p_now)), 'infinity')",
      "account_totals: where account_id = p_account_id {and → or} status = 'open' and expires_at > p_now)), 'infinity')",
      "account_totals: where account_id = p_account_id and status = 'open' {and → or} expires_at > p_now)), 'infinity')",
      "account_totals: where account_id = p_account_id and status = 'open' {and expires_at > p_now → })), 'infinity')",
      "account_totals: where account_id = p_account_id and status = 'open' and expires_at {> → >=} p_now)), 'infinity')",
      "settle_returns_of: where {next_change_at <= t and → } id in (select account_id from tallystick.due_returns(told) where delta <> 0);",
    ],
  },
  {
    why: "lots are joined by the account's own: what is held of another account's is never looked at",
    mutants: [
      "account_totals: where {hold.account_id = p_account_id and → } hold.status = 'open' and hold.expires_at <= p_now",
    ],
  },
  {
    why: "without a term before or an end of the new one, what is compared is null; and no source equals one that is not told",
    mutants: [
      "enrol_account: if {found and → } (last.ends_at at time zone 'UTC')",
      "enrol_account: if {p_period_count is not null and → } p_source is not null then",
      "enrol_account: if p_period_count is not null {and → or} p_source is not null then",
      "enrol_account: if p_period_count is not null {and p_source is not null → } then",
    ],
  },
  {
    why: "what nothing has been drawn of is short as a whole, and no more than that is given back: least passes over null",
    mutants: [
      "give_back: select least(rest, -debit.amount - {coalesce((select sum(draw.amount) from t …  = debit.id), 0) → ((select sum(draw.amount) from tallystic … _id = debit.id))}) into debt_cancelled",
    ],
  },
  {
    why: "what is looked at is never 0: an entry, what is given back, what exceeds a hold, and a return that is due",
    mutants: [
      "refund_debit: if not (debit.type = 'usage' or debit.type = 'adjustment' and debit.amount < {0 → 1} and debit.operation_id = debit.id) then",
      "refund_debit: if not (debit.type = 'usage' or debit.type = 'adjustment' and debit.amount {< → <=} 0 and debit.operation_id = debit.id) then",
      "write_returned: given.payment_id, case when given.amount {> → >=} 0 then p_debit_id end, given.draw_number,",
      "write_returned: p_operation_id, p_now, case when given.amount {> → >=} 0 then p_type else 'adjustment' end,",
      "settle_hold: if p_excess {> → >=} 0 then",
      "settle_returns_of: settled := case when due.delta {> → >=} 0 then tallystick.claw_back(account, told, due.delta, t)",
    ],
  },
  {
    why: "a refund's operation has no entries but those of its debit: the word is for the index",
    mutants: [
      "refund_debit: where {refund_of_id = debit.id and → } operation_id = (stored ->> 'transactionId')::bigint));",
    ],
  },
  {
    why: "an account that is named twice is locked once: the word spares looking for what it is merged into",
    mutants: ["accounts_of_payment: {union → union all}"],
  },
  {
    why: "into a record goes the first row",
    mutants: [
      "consume_credits: select id, free into lot from tallystick.burnable_lots(account.id, p_feature, t) limit {1 → 2};",
      "enrol_account: order by ends_at desc, e.id desc limit {1 → 2};",
      "distribute_account: order by next_due_at, id limit {1 → 2};",
      "distribute_returned: order by e.next_due_at, e.id limit {1 → 2};",
    ],
  },
  {
    why: "time that passes while a lock is waited for, and the order of locks, which one session can't tell",
    mutants: [
      "consume_credits: {t := tallystick.clock(); → null;} #2",
      "distribute_credits: {t := tallystick.clock(); → null;} -- later than every entry that these accounts have",
      "distribute_credits: order by {id → id desc} for no key update skip locked);",
      "settle_returns_of: order by {id → id desc} for no key update;",
    ],
  },
];
