// usage: what was spent, by day, feature, member and type.
import type { Database } from "../../db/database.ts";
import { checkAccount, checkOptionalText, invalid, type CreditType } from "../input.ts";
import { checkRange, checkTimeZone, type Scope, type TimeRange } from "./bounds.ts";

export const usageGroups = ["day", "feature", "member", "type"] as const;
export type UsageGroup = (typeof usageGroups)[number];

export interface UsageInput extends Scope, TimeRange {
  /** What the rows are told apart by; default the day. */
  readonly by?: readonly UsageGroup[] | undefined;
  /** Entries that count; default `usage` and its refunds. */
  readonly types?: readonly CreditType[] | undefined;
  readonly feature?: string | undefined;
  readonly member?: string | undefined;
  /** Where days begin: an IANA zone; default the account's own, and UTC over all accounts. */
  readonly timeZone?: string | undefined;
}

export interface UsageRow {
  /** The local date, such as 2027-01-31; null unless grouped by day, and likewise below. */
  readonly day: string | null;
  readonly feature: string | null;
  readonly member: string | null;
  readonly type: CreditType | null;
  readonly unit: string;
  /** Credits that went: the usage. */
  readonly debited: number;
  /** Credits that came back: the refunds, under the feature and member of what they refund. */
  readonly credited: number;
  readonly entries: number;
}

export interface Usage {
  readonly timeZone: string;
  readonly rows: readonly UsageRow[];
}

const MAX_ROWS = 10_000;

/**
 * Sums the journal in one statement; days with nothing have no row. The range is required over all accounts and begins 30
 * days before its end by default for one. A day that is over in its zone never changes its sums.
 * @throws invalid_request, also for more than 10,000 rows: narrow the range or group by less
 */
export async function usage(database: Database, input: UsageInput): Promise<Usage> {
  const { userId, unit = "credit", by = ["day"], types = ["usage", "refund"] } = input;
  checkAccount({ userId: userId ?? "any", unit });
  checkRange(input);
  checkTimeZone(input.timeZone);
  checkOptionalText("feature", input.feature, 255);
  checkOptionalText("member", input.member, 255);
  if (by.length === 0 || by.some((group) => !usageGroups.includes(group))) {
    throw invalid(`by must be of ${usageGroups.join(", ")}.`);
  }
  const grouped = (group: UsageGroup, expression: string): string =>
    `${by.includes(group) ? expression : "null"} as "${group}"`;
  const rows = await database.query<UsageRow & { zone: string }>(
    `with range as (
       select coalesce($3::timestamptz, coalesce($4::timestamptz, tallystick.clock()) - interval '30 days') as since,
         coalesce($4::timestamptz, 'infinity') as until
     ), ${userId === undefined ? ledgerScope : userScope}
     select zone, ${grouped("day", "to_char(entry.created_at at time zone zone, 'YYYY-MM-DD')")},
       ${grouped("feature", spentOn("feature"))},
       ${grouped("member", spentOn("member"))}, ${grouped("type", "entry.type")},
       $2::text as unit, coalesce(-sum(entry.amount) filter (where entry.amount < 0), 0) as debited,
       coalesce(sum(entry.amount) filter (where entry.amount > 0), 0) as credited, count(*) as entries
     from entry
     where entry.type = any ($6::text[])
       and ($7::text is null or ${spentOn("feature")} = $7)
       and ($8::text is null or ${spentOn("member")} = $8)
     group by 1, 2, 3, 4, 5 order by 2, 3, 4, 5 limit ${MAX_ROWS + 1}`,
    [
      userId ?? null,
      unit,
      input.from ?? null,
      input.to ?? null,
      input.timeZone ?? null,
      types,
      input.feature ?? null,
      input.member ?? null,
    ],
  );
  if (rows.length > MAX_ROWS) {
    throw invalid(`More than ${MAX_ROWS} rows: ask for a shorter range, or group by less.`);
  }
  return {
    timeZone: rows[0]?.zone ?? input.timeZone ?? "UTC",
    rows: rows.map(({ zone: _zone, ...row }) => row),
  };
}

// A refund counts under what it refunds. Looked up for refunds alone: a join would hash the whole journal.
function spentOn(column: "feature" | "member"): string {
  return `case when entry.refund_of_id is null then entry.${column}
    else (select debit.${column} from tallystick.credit_transaction debit where debit.id = entry.refund_of_id) end`;
}

// The account's journal, between the places where the range begins and ends; days begin where the acting account's do.
const userScope = `segment as materialized (
       select segment.account_id,
         greatest(segment.after_seq, tallystick.seq_at(segment.account_id, range.since - interval '1 microsecond')) as after_seq,
         least(segment.to_seq, tallystick.seq_at(segment.account_id, range.until - interval '1 microsecond')) as to_seq,
         coalesce($5::text, last_value(segment.time_zone) over (order by segment.n
           rows between unbounded preceding and unbounded following)) as zone
       from tallystick.journal_segments($1, $2) segment cross join range
     ), entry as (
       select entry.*, segment.zone from segment join tallystick.credit_transaction entry
         on entry.account_id = segment.account_id and entry.seq > segment.after_seq and entry.seq <= segment.to_seq
     )`;

const ledgerScope = `entry as (
       select entry.*, coalesce($5::text, 'UTC') as zone
       from range join tallystick.credit_transaction entry on entry.created_at >= range.since and entry.created_at < range.until
       join tallystick.user_credit account on account.id = entry.account_id
       where account.unit = $2 and $1::text is null
     )`;
