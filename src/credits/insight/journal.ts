// Reading the journal: which stretches of it a user id stands for, and one stretch along its numbering.
import type { Database } from "../../db/database.ts";
import { checkOptionalText, creditTypes, invalid, type CreditType } from "../input.ts";
import { checkId, checkRange, type TimeRange } from "./bounds.ts";

/** Which entries are read; what is left out does not matter. */
export interface EntryFilter extends TimeRange {
  readonly types?: readonly CreditType[] | undefined;
  readonly feature?: string | undefined;
  readonly member?: string | undefined;
  readonly paymentId?: string | undefined;
  /** Only what came, or only what went. */
  readonly sign?: "positive" | "negative" | undefined;
  /** The entries that one operation wrote; an entry names its operation. */
  readonly operationId?: string | undefined;
}

export interface JournalEntry {
  readonly id: string;
  /** The user id under which it was written. */
  readonly userId: string;
  readonly unit: string;
  /** The entry's number in its account, from 1 without gaps. */
  readonly seq: number;
  readonly type: CreditType;
  /** Signed: negative for what went. */
  readonly amount: number;
  /** The running sum of the account's journal. */
  readonly balanceAfter: number;
  /** What remains of a positive entry's lot; null for a negative entry. */
  readonly remainingAmount: number | null;
  readonly expirationDate: Date | null;
  readonly operationId: string;
  readonly paymentId: string | null;
  /** The debit that a refund or reinstatement gives back. */
  readonly refundOfId: string | null;
  readonly feature: string | null;
  readonly member: string | null;
  readonly actor: string | null;
  readonly idempotencyKey: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Date;
}

/** A stretch of one account's journal: numbers after `afterSeq`, to `toSeq`. */
export interface Segment {
  readonly n: number;
  readonly accountId: number;
  readonly userId: string;
  readonly unit: string;
  readonly timeZone: string;
  readonly afterSeq: number;
  readonly toSeq: number;
}

export function checkFilter(filter: EntryFilter): void {
  checkRange(filter);
  if (filter.types?.some((type) => !creditTypes.includes(type)) ?? false) {
    throw invalid(`types must be of ${creditTypes.join(", ")}.`);
  }
  checkOptionalText("feature", filter.feature, 255);
  checkOptionalText("member", filter.member, 255);
  checkId("paymentId", filter.paymentId);
  checkId("operationId", filter.operationId);
  if (filter.sign !== undefined && !["positive", "negative"].includes(filter.sign)) {
    throw invalid("sign must be positive or negative.");
  }
}

/** The stretches of a user id's journal within a range of time, oldest first; none for an account that does not exist. */
export async function readSegments(
  database: Database,
  { userId, unit, from, to }: { userId: string; unit: string } & TimeRange,
): Promise<Segment[]> {
  return database.query<Segment>(
    `select n, account_id as "accountId", user_id as "userId", unit, time_zone as "timeZone",
       case when $3::timestamptz is null then after_seq
         else greatest(after_seq, tallystick.seq_at(account_id, $3::timestamptz - interval '1 microsecond')) end as "afterSeq",
       case when $4::timestamptz is null then to_seq
         else least(to_seq, tallystick.seq_at(account_id, $4::timestamptz - interval '1 microsecond')) end as "toSeq"
     from tallystick.journal_segments($1, $2) order by n`,
    [userId, unit, from ?? null, to ?? null],
  );
}

export const entryColumns = `entry.id, entry.seq, entry.type, entry.amount, entry.balance_after as "balanceAfter",
  coalesce(entry.operation_id, entry.id) as "operationId", entry.payment_id as "paymentId", entry.refund_of_id as "refundOfId", entry.feature,
  entry.member, entry.actor, entry.idempotency_key as "idempotencyKey", entry.description, entry.metadata,
  entry.created_at as "createdAt", lot.remaining_amount as "remainingAmount", lot.expiration_date as "expirationDate"`;

/** The conditions of a filter, its values beginning at `$first`; times are conditions of the segments. */
export function filterConditions(first: number): string {
  const at = (offset: number): string => `$${first + offset}`;
  return `(${at(0)}::text[] is null or entry.type = any (${at(0)}))
    and (${at(1)}::text is null or entry.feature = ${at(1)})
    and (${at(2)}::text is null or entry.member = ${at(2)})
    and (${at(3)}::bigint is null or entry.payment_id = ${at(3)})
    and (${at(4)}::text is null or (entry.amount > 0) = (${at(4)} = 'positive'))
    and (${at(5)}::bigint is null or (coalesce(entry.operation_id, entry.id) = ${at(5)} and entry.id >= ${at(5)}))`;
}

export function filterValues(filter: EntryFilter): unknown[] {
  const { types, feature, member, paymentId, sign, operationId } = filter;
  return [types ?? null, feature ?? null, member ?? null, paymentId ?? null, sign ?? null, operationId ?? null];
}

/** Reads up to `limit` entries of a stretch along its numbering. */
export async function readEntries(
  database: Database,
  segment: Segment,
  filter: EntryFilter,
  { order, limit }: { order: "asc" | "desc"; limit: number },
): Promise<JournalEntry[]> {
  const rows = await database.query<StoredEntry>(
    `select ${entryColumns}
     from tallystick.credit_transaction entry left join tallystick.credit_lot lot on lot.id = entry.id
     where entry.account_id = $1 and entry.seq > $2 and entry.seq <= $3 and ${filterConditions(5)}
     order by entry.seq ${order === "asc" ? "asc" : "desc"} limit $4`,
    [segment.accountId, segment.afterSeq, segment.toSeq, limit, ...filterValues(filter)],
  );
  return rows.map((row) => toEntry({ ...row, userId: segment.userId, unit: segment.unit }));
}

type Ids = "id" | "operationId" | "paymentId" | "refundOfId";
export type StoredEntry = Omit<JournalEntry, Ids | "userId" | "unit"> & {
  readonly id: number;
  readonly operationId: number;
  readonly paymentId: number | null;
  readonly refundOfId: number | null;
};

export function toEntry(row: StoredEntry & { readonly userId: string; readonly unit: string }): JournalEntry {
  return {
    id: String(row.id),
    userId: row.userId,
    unit: row.unit,
    seq: row.seq,
    type: row.type,
    amount: row.amount,
    balanceAfter: row.balanceAfter,
    remainingAmount: row.remainingAmount,
    expirationDate: row.expirationDate,
    operationId: String(row.operationId),
    paymentId: row.paymentId === null ? null : String(row.paymentId),
    refundOfId: row.refundOfId === null ? null : String(row.refundOfId),
    feature: row.feature,
    member: row.member,
    actor: row.actor,
    idempotencyKey: row.idempotencyKey,
    description: row.description,
    metadata: row.metadata,
    createdAt: row.createdAt,
  };
}
