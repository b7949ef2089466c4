// Export of the journal: batches along a key, so that a million rows need the memory of one batch.
import type { Database } from "../../db/database.ts";
import { checkAccount, invalid, type AccountInput } from "../input.ts";
import type { Scope } from "./bounds.ts";
import {
  checkFilter,
  entryColumns,
  filterConditions,
  filterValues,
  readEntries,
  readSegments,
  toEntry,
  type EntryFilter,
  type JournalEntry,
  type StoredEntry,
} from "./journal.ts";
import { csvHeader, csvLine, jsonLine } from "./lines.ts";

export const exportFormats = ["csv", "jsonl"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface EntriesInput extends EntryFilter, Scope {
  /** Entries that are read, and kept in memory, at a time: 1 to 10,000, default 1,000. */
  readonly batchSize?: number | undefined;
}

/**
 * Reads entries in batches, each when it is asked for: one user's oldest first, as `history` tells it, or the whole
 * ledger's in order of id. What is read ends with what had been written when the first batch was asked for: one account's
 * entries are exactly those committed by then. Of the whole ledger no entry with a later id is read; every entry
 * committed by then is, and one whose transaction was then still running may be. Nothing is locked and no transaction
 * stays open between batches.
 * @throws invalid_request
 */
export function entries(database: Database, input: EntriesInput = {}): AsyncGenerator<readonly JournalEntry[]> {
  const { userId, unit, batchSize = 1000 } = input;
  checkAccount({ userId: userId ?? "any", unit });
  checkFilter(input);
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 10_000) {
    throw invalid("batchSize must be a whole number from 1 to 10,000.");
  }
  return userId === undefined
    ? entriesOfLedger(database, input, batchSize)
    : entriesOfUser(database, { ...input, userId }, batchSize);
}

async function* entriesOfUser(
  database: Database,
  input: EntriesInput & AccountInput,
  batchSize: number,
): AsyncGenerator<readonly JournalEntry[]> {
  for (const segment of await readSegments(database, { ...input, unit: input.unit ?? "credit" })) {
    let { afterSeq } = segment;
    for (;;) {
      const batch = await readEntries(database, { ...segment, afterSeq }, input, { order: "asc", limit: batchSize });
      const last = batch.at(-1);
      if (last === undefined) break;
      yield batch;
      if (batch.length < batchSize) break;
      afterSeq = last.seq;
    }
  }
}

async function* entriesOfLedger(
  database: Database,
  input: EntriesInput,
  batchSize: number,
): AsyncGenerator<readonly JournalEntry[]> {
  // One pass finds the ids of a range of time; ids are not in the order of times to the letter.
  const times = [input.from ?? null, input.to ?? null];
  const [bounds] = await database.query<{ first: number | null; last: number | null }>(
    `select min(id) as first, max(id) as last from tallystick.credit_transaction
     where ($1::timestamptz is null or created_at >= $1) and ($2::timestamptz is null or created_at < $2)`,
    times,
  );
  if (bounds === undefined || bounds.first === null || bounds.last === null) return;
  let after = bounds.first - 1;
  for (;;) {
    const rows = await database.query<StoredEntry & { userId: string; unit: string }>(
      `select ${entryColumns}, account.user_id as "userId", account.unit
       from tallystick.credit_transaction entry
       join tallystick.user_credit account on account.id = entry.account_id
       left join tallystick.credit_lot lot on lot.id = entry.id
       where entry.id > $1 and entry.id <= $2 and ($4::text is null or account.unit = $4)
         and ($5::timestamptz is null or entry.created_at >= $5) and ($6::timestamptz is null or entry.created_at < $6)
         and ${filterConditions(7)}
       order by entry.id limit $3`,
      [after, bounds.last, batchSize, input.unit ?? null, ...times, ...filterValues(input)],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(toEntry);
    if (rows.length < batchSize) return;
    after = last.id;
  }
}

export interface ExportInput extends EntriesInput {
  readonly format: ExportFormat;
}

/**
 * The same entries as a stream of bytes, one batch a chunk, read only as fast as they are taken; cancelling it ends the
 * reading. CSV follows RFC 4180 with a header line, and texts that a spreadsheet would take for a formula get a leading
 * apostrophe; JSON Lines are exact. The first batch is read before the stream is answered, so that a refusal is thrown;
 * a database that fails later breaks the stream off with an error.
 * @throws invalid_request, storage_unavailable
 */
export async function exportEntries(database: Database, input: ExportInput): Promise<ReadableStream<Uint8Array>> {
  if (!exportFormats.includes(input.format)) throw invalid(`format must be one of ${exportFormats.join(", ")}.`);
  const batches = entries(database, input);
  const line = input.format === "csv" ? csvLine : jsonLine;
  const encoder = new TextEncoder();
  let next: IteratorResult<readonly JournalEntry[]> | undefined = await batches.next();
  let header = input.format === "csv" ? csvHeader : "";
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = next ?? (await batches.next());
        next = undefined;
        const text = header + (done === true ? "" : value.map(line).join(""));
        header = "";
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (done === true) controller.close();
      },
      async cancel() {
        await batches.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
