// Faults to plant: each is a function of the ledger with one piece of text replaced.

export interface Fault {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const unexpired =
  "    and effective_at <= p_now and (expiration_date is null or expiration_date > p_now)\n    and (scope";
const burnOrder = "order by priority, (scope is null), expiration_date, id\n$$";

export const faults: readonly Fault[] = [
  { name: "a consume draws on expired lots", file: "01_account", from: unexpired, to: "    and (scope" },
  { name: "a consume burns the oldest lot first", file: "01_account", from: burnOrder, to: "order by id\n$$" },
  {
    name: "a replay is refused when the balance is short",
    file: "03_consume",
    from: "if answer is not null then return answer; end if;\n  end if;",
    to: "if answer is not null and account.cached_available >= p_amount then return answer; end if;\n  end if;",
  },
  {
    name: "cached totals outlive an expiry",
    file: "02_grant",
    from: "account.next_change_at := least(account.next_change_at, p_expires_at)",
    to: "account.next_change_at := 'infinity'",
  },
  {
    name: "a hold leaves its credits available",
    file: "07_hold",
    from: "account.cached_available := account.cached_available - p_amount;",
    to: "account.cached_available := account.cached_available;",
  },
  {
    name: "a deadline counts only when it is booked",
    file: "01_account",
    from: "hold.status = 'open' and hold.expires_at <= p_now\n    group by",
    to: "hold.status = 'open' and false\n    group by",
  },
  {
    name: "a capture draws on the hold's lots from the last",
    file: "07_hold",
    from: "where hold_id = p_hold.id order by n loop",
    to: "where hold_id = p_hold.id order by n desc loop",
  },
  {
    name: "a capture stands although its overage was refused",
    file: "07_hold",
    from: "raise exception using errcode = 'TALLY'",
    to: "null",
  },
  {
    name: "a captured hold still counts in its limits",
    file: "07_hold",
    from: "perform tallystick.uncount_spend(p_hold.account_id, p_hold.member, p_hold.amount, p_hold.created_at);",
    to: "",
  },
  {
    name: "a refund gives the oldest draw back first",
    file: "09_refund",
    from: "order by draw.n desc",
    to: "order by draw.n",
  },
  {
    name: "a refund forgets what a draw gave back before",
    file: "09_refund",
    from: "draw.amount - coalesce(before.amount, 0) as left",
    to: "draw.amount as left",
  },
  {
    name: "a refund has no grace",
    file: "09_refund",
    from: "greatest(part.expiration_date, case when part.expiration_date is not null then p_now + p_grace end)",
    to: "part.expiration_date",
  },
  {
    name: "a refund is not taken off its limits",
    file: "09_refund",
    from: "if debit.type = 'usage' then",
    to: "if false then",
  },
  {
    name: "a claw-back draws on any lot of the account first",
    file: "11_returns",
    from: "order by (payment_id is distinct from p_told.payment_id), ",
    to: "order by ",
  },
  {
    name: "a share of returned money is rounded against the customer",
    file: "11_returns",
    from: "div(sum(granted.amount) over up_to_here * p_told.returned_amount, p_told.paid_amount)",
    to: "ceil(sum(granted.amount) over up_to_here * p_told.returned_amount / p_told.paid_amount)",
  },
  {
    name: "reinstated credits that had been forgiven are kept",
    file: "09_refund",
    from: "made.refund_of_id is distinct from p_debit_id or made.type = 'adjustment'",
    to: "made.refund_of_id is distinct from p_debit_id",
  },
  {
    name: "what is held is forgiven as if it were spent",
    file: "11_returns",
    from: "lost_shortfalls(p_account.id, held,",
    to: "lost_shortfalls(p_account.id, 0,",
  },
  {
    name: "what a hold does not pay in the end stays debt",
    file: "07_hold",
    from: "store_account(tallystick.forgive_shortfalls(p_account, p_now, entry_id), p_now)",
    to: "store_account(p_account, p_now)",
  },
  {
    name: "a read knows nothing of what time has forgiven",
    file: "01_account",
    from: "tallystick.lost_credits(p_account_id,\n      (paid + unexpired_held)::bigint, 9007199254740991 - p_book)",
    to: "0",
  },
  {
    name: "a merge leaves the debt behind",
    file: "12_account_state",
    from: "perform tallystick.transfer_debt(source.id, target.id, t, operation_id, p_actor, p_reason);",
    to: "",
  },
  {
    name: "a merge sets frozen credits free",
    file: "12_account_state",
    from: "if source.frozen_at is not null then",
    to: "if false then",
  },
  {
    name: "a merge forgets the keys of the alias",
    file: "01_idempotency",
    from: "if p_account.user_id = p_user_id then",
    to: "if true then",
  },
  {
    name: "a merge copies no expiry",
    file: "12_account_state",
    from: "priority, scope, effective_at, expiration_date, payment_id from lot",
    to: "priority, scope, effective_at, null, payment_id from lot",
  },
  {
    name: "the newest shortfall is paid first",
    file: "01_account",
    from: "window earlier as (order by entry.id)",
    to: "window earlier as (order by entry.id desc)",
  },
  {
    name: "a member's own limit is not asked",
    file: "08_limit",
    from: "(spend_limit.member is null or spend_limit.member = p_member)\n      and coalesce",
    to: "spend_limit.member is null\n      and coalesce",
  },
  {
    name: "a limit's days begin by the clock of UTC",
    file: "08_limit",
    from: "date_trunc(p_period, p_moment at time zone p_time_zone)",
    to: "date_trunc(p_period, p_moment at time zone 'UTC')",
  },
];
