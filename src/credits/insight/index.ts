// The views on the whole ledger, bound to a database. They only read.
import type { Database } from "../../db/database.ts";
import type { ExpiringByDayInput, ExpiringDay, ExpiringInput, ExpiringPage } from "./expiring.ts";
import { entries, exportEntries, type EntriesInput, type ExportInput } from "./export.ts";
import type { JournalEntry } from "./journal.ts";
import type { MonthlyCredits, MonthlyInput } from "./monthly.ts";
import type { Usage, UsageInput } from "./usage.ts";

export interface Insight {
  entries(input?: EntriesInput): AsyncGenerator<readonly JournalEntry[]>;
  export(input: ExportInput): Promise<ReadableStream<Uint8Array>>;
  usage(input: UsageInput): Promise<Usage>;
  monthly(input?: MonthlyInput): Promise<MonthlyCredits[]>;
  expiring(input?: ExpiringInput): Promise<ExpiringPage>;
  expiringByDay(input?: ExpiringByDayInput): Promise<ExpiringDay[]>;
}

// The reports are loaded when it is asked for: they are long texts of SQL, and most processes spend credits and look at nothing.
export function createInsight(database: Database): Insight {
  return {
    entries: (input) => entries(database, input),
    export: async (input) => exportEntries(database, input),
    usage: async (input) => (await import("./usage.ts")).usage(database, input),
    monthly: async (input) => (await import("./monthly.ts")).monthly(database, input),
    expiring: async (input) => (await import("./expiring.ts")).expiring(database, input),
    expiringByDay: async (input) => (await import("./expiring.ts")).expiringByDay(database, input),
  };
}
