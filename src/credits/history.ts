// history: the journal of a user id, page by page.
import type { Database } from "../db/database.ts";
import { checkedLimit } from "./insight/bounds.ts";
import {
  checkFilter,
  readEntries,
  readSegments,
  type EntryFilter,
  type JournalEntry,
  type Segment,
} from "./insight/journal.ts";
import { checkAccount, invalid, type AccountInput } from "./input.ts";

export interface HistoryInput extends AccountInput, EntryFilter {
  /** `desc`, newest first, by default. */
  readonly order?: "asc" | "desc" | undefined;
  /** Entries in a page: 1 to 100, default 20. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, which was asked with the same filter and order. */
  readonly cursor?: string | undefined;
}

export type HistoryEntry = JournalEntry;

export interface HistoryPage {
  readonly items: readonly HistoryEntry[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/**
 * Reads a page of entries that pass the filter. The cursor is a place in the journal, so a page never repeats or skips an
 * entry whatever is written meanwhile. `balanceAfter` is the running balance of the whole journal, whatever is filtered.
 *
 * A user id that was merged into another reads as what happened under it: its own account's entries until the merge, then
 * the target's. The target's own journal begins with itself; what came from the merged account stands in it as
 * `transfer_in`.
 * @throws invalid_request
 */
export async function history(database: Database, input: HistoryInput): Promise<HistoryPage> {
  checkAccount(input);
  checkFilter(input);
  const limit = checkedLimit(input.limit);
  const order = input.order ?? "desc";
  if (!["asc", "desc"].includes(order)) throw invalid("order must be asc or desc.");
  const place = readCursor(input.cursor);
  const segments = await readSegments(database, { ...input, unit: input.unit ?? "credit" });
  const rest = segments.flatMap((segment) => beyond(segment, place, order));
  if (order === "desc") rest.reverse();

  const found: { readonly n: number; readonly entry: JournalEntry }[] = [];
  for (const segment of rest) {
    const entries = await readEntries(database, segment, input, { order, limit: limit + 1 - found.length });
    found.push(...entries.map((entry) => ({ n: segment.n, entry })));
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ entry }) => entry),
    nextCursor: found.length > limit && last ? `${last.n}-${last.entry.seq}` : null,
  };
}

interface Place {
  readonly n: number;
  readonly seq: number;
}

function readCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [, n, seq] = /^(\d{1,6})-(\d{1,15})$/.exec(cursor) ?? [];
  if (n === undefined || seq === undefined) throw invalid("cursor must be the nextCursor of an earlier page.");
  return { n: Number(n), seq: Number(seq) };
}

/** What of a stretch lies beyond a place, in the direction of reading. */
function beyond(segment: Segment, place: Place | undefined, order: "asc" | "desc"): Segment[] {
  if (place === undefined) return [segment];
  if (segment.n === place.n) {
    return order === "asc"
      ? [{ ...segment, afterSeq: Math.max(segment.afterSeq, place.seq) }]
      : [{ ...segment, toSeq: Math.min(segment.toSeq, place.seq - 1) }];
  }
  return segment.n > place.n === (order === "asc") ? [segment] : [];
}
