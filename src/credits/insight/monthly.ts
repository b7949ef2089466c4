// monthly: what all accounts together were granted, used and lost, and what was outstanding, month by month.
import type { Database } from "../../db/database.ts";
import { checkAccount, invalid } from "../input.ts";
import { checkTimeZone } from "./bounds.ts";

export interface MonthlyInput {
  /** One unit; undefined: each. */
  readonly unit?: string | undefined;
  /** First month, such as 2027-01; default eleven before the last. */
  readonly from?: string | undefined;
  /** Last month, itself included; default the present one. */
  readonly to?: string | undefined;
  /** Where months begin: an IANA zone; default UTC. */
  readonly timeZone?: string | undefined;
}

/**
 * One month of one unit. `outstanding` of a month is that of the month before + granted + rolledOver + adjusted +
 * refunded + reinstated + transferred − used − expired − clawedBack.
 */
export interface MonthlyCredits {
  readonly month: string;
  readonly unit: string;
  /** Given by plans, packs and gifts. */
  readonly granted: number;
  readonly rolledOver: number;
  /** Signed: adjustments up less adjustments down, forgiven debt included. */
  readonly adjusted: number;
  readonly used: number;
  /** Given back of what was debited. */
  readonly refunded: number;
  /** Breakage: expired unused, in the month in which the expiry was booked. */
  readonly expired: number;
  /** Taken back because money was returned. */
  readonly clawedBack: number;
  /** Given back of what was clawed back. */
  readonly reinstated: number;
  /** Signed: moved by merges; zero over all accounts. */
  readonly transferred: number;
  /** The sum of the journal at the month's end: what remained of all lots, less debt. */
  readonly outstanding: number;
}

const MAX_MONTHS = 240;

/**
 * Sums the journal by month and unit in one statement. The journal is append-only and dated by the database, so a month
 * that is over answers the same for ever. Reads the whole journal: what is outstanding comes from all of it.
 * @throws invalid_request
 */
export async function monthly(database: Database, input: MonthlyInput = {}): Promise<MonthlyCredits[]> {
  const { unit, timeZone = "UTC" } = input;
  checkAccount({ userId: "any", unit });
  checkTimeZone(timeZone);
  const last = input.to === undefined ? await presentMonth(database, timeZone) : monthNumber("to", input.to);
  const first = input.from === undefined ? last - 11 : monthNumber("from", input.from);
  if (first > last) throw invalid("from must not be later than to.");
  if (last - first >= MAX_MONTHS) throw invalid(`At most ${MAX_MONTHS} months can be asked for at once.`);
  return database.query<MonthlyCredits>(statement, [timeZone, unit ?? null, firstDay(first), firstDay(last)]);
}

async function presentMonth(database: Database, timeZone: string): Promise<number> {
  const [now] = await database.query<{ month: string }>(
    "select to_char(tallystick.clock() at time zone $1, 'YYYY-MM') as month",
    [timeZone],
  );
  return monthNumber("to", now?.month ?? "");
}

/** Months since the year 0. @throws invalid_request */
function monthNumber(name: string, month: string): number {
  const [, year, ofYear] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined || ofYear === undefined) throw invalid(`${name} must be a month such as 2027-01.`);
  return Number(year) * 12 + Number(ofYear) - 1;
}

function firstDay(month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, "0");
  return `${year}-${String((month % 12) + 1).padStart(2, "0")}-01`;
}

// Bucket 0 is what came before the first month, bucket k the kth month: the months' first moments in the zone are computed
// once and each entry is placed among them, which is faster than reading every entry's local date.
const statement = `
  with month as materialized (
    select start, row_number() over (order by start) as bucket
    from generate_series($3::timestamp, $4::timestamp, interval '1 month') start
  ), bound as materialized (
    select array_agg(start at time zone $1 order by start) as starts,
      (max(start) + interval '1 month') at time zone $1 as ends_at from month
  ), total as (
    select account.unit, entry.type, sum(entry.amount) as amount, width_bucket(entry.created_at, (select starts from bound)) as bucket
    from tallystick.credit_transaction entry join tallystick.user_credit account on account.id = entry.account_id
    where entry.created_at < (select ends_at from bound) and ($2::text is null or account.unit = $2)
    group by 1, 2, 4
  ), month_total as (
    select unit.unit, month.start, coalesce(sum(amount), 0) as net,
      coalesce(sum(amount) filter (where type in ('register_gift', 'monthly_refresh', 'subscription_renewal',
        'lifetime_monthly', 'purchase_package')), 0) as granted,
      coalesce(sum(amount) filter (where type = 'rollover'), 0) as rolled_over,
      coalesce(sum(amount) filter (where type = 'adjustment'), 0) as adjusted,
      coalesce(-sum(amount) filter (where type = 'usage'), 0) as used,
      coalesce(sum(amount) filter (where type = 'refund'), 0) as refunded,
      coalesce(-sum(amount) filter (where type = 'expire'), 0) as expired,
      coalesce(-sum(amount) filter (where type = 'clawback'), 0) as clawed_back,
      coalesce(sum(amount) filter (where type = 'reinstate'), 0) as reinstated,
      coalesce(sum(amount) filter (where type in ('transfer_in', 'transfer_out')), 0) as transferred
    from (select distinct unit from total) unit
    cross join (select null::timestamp as start, 0 as bucket union all select start, bucket from month) month
    left join total on total.unit = unit.unit and total.bucket = month.bucket
    group by 1, 2
  )
  select to_char(start, 'YYYY-MM') as month, unit, granted, rolled_over as "rolledOver", adjusted, used, refunded, expired,
    clawed_back as "clawedBack", reinstated, transferred, outstanding
  from (select *, sum(net) over (partition by unit order by start nulls first) as outstanding from month_total) running
  where start is not null order by running.start, unit`;
