// The views on the whole ledger, bound to a database. They only read.
import type { Database } from "../../db/database.ts";
import {
  expiring,
  expiringByDay,
  type ExpiringByDayInput,
  type ExpiringDay,
  type ExpiringInput,
  type ExpiringPage,
} from "./expiring.ts";
import { entries, exportEntries, type EntriesInput, type ExportInput } from "./export.ts";
import type { JournalEntry } from "./journal.ts";
import { monthly, type MonthlyCredits, type MonthlyInput } from "./monthly.ts";
import { usage, type Usage, type UsageInput } from "./usage.ts";

export interface Insight {
  entries(input?: EntriesInput): AsyncGenerator<readonly JournalEntry[]>;
  export(input: ExportInput): Promise<ReadableStream<Uint8Array>>;
  usage(input: UsageInput): Promise<Usage>;
  monthly(input?: MonthlyInput): Promise<MonthlyCredits[]>;
  expiring(input?: ExpiringInput): Promise<ExpiringPage>;
  expiringByDay(input?: ExpiringByDayInput): Promise<ExpiringDay[]>;
}

export function createInsight(database: Database): Insight {
  return {
    entries: (input) => entries(database, input),
    export: async (input) => exportEntries(database, input),
    usage: async (input) => usage(database, input),
    monthly: async (input) => monthly(database, input),
    expiring: async (input) => expiring(database, input),
    expiringByDay: async (input) => expiringByDay(database, input),
  };
}
