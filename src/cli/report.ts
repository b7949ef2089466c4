// tallystick report NAME
import { readNumber, readTime, UsageError, type Arguments } from "./arguments.ts";
import type { Command, CommandContext, Outcome } from "./command.ts";
import { unitOption } from "./command.ts";
import { rangeOptions, readRange, timeZoneOption } from "./journal-options.ts";
import { table, type Cell } from "./table.ts";
import { byOption, readUsage, usageOutcome } from "./usage.ts";

type Work = (context: CommandContext) => Promise<Outcome>;

// Each reads its options before a database is opened.
const reports: Readonly<Record<string, (given: Arguments) => Work>> = {
  credits: (given) => {
    const input = {
      unit: given.option("unit"),
      from: given.option("from"),
      to: given.option("to"),
      timeZone: given.option("time-zone"),
    };
    return async ({ tally }) => listing({ items: await tally.credits.monthly(input), nextCursor: null });
  },
  usage: (given) => {
    const input = readUsage(given);
    return async ({ tally }) => usageOutcome(await tally.credits.usage(input));
  },
  "deferred-revenue": (given) => {
    const input = { ...readRange(given), ...readPage(given), at: readTime("at", given.option("at")) };
    return async ({ tally }) => listing(await tally.payment.deferredRevenue(input));
  },
  expiring: (given) => {
    const input = { ...readPage(given), ...readWithin(given) };
    return async ({ tally }) => listing(await tally.credits.expiring(input));
  },
  "expiring-by-day": (given) => {
    const input = { ...readWithin(given), timeZone: given.option("time-zone") };
    return async ({ tally }) => listing({ items: await tally.credits.expiringByDay(input), nextCursor: null });
  },
};
const names = Object.keys(reports);

export const report: Command = {
  name: "report",
  summary: `Print a report over all accounts: ${names.join(", ")}.`,
  parameters: ["NAME"],
  options: {
    ...rangeOptions,
    ...byOption,
    ...timeZoneOption,
    at: { type: "string", value: "TIME", help: "deferred-revenue: as of this moment; default now." },
    "within-days": { type: "string", value: "DAYS", help: "expiring: 1 to 366; default 30." },
    user: { type: "string", value: "USER", help: "deferred-revenue, expiring: one user's." },
    limit: { type: "string", value: "N", help: "deferred-revenue, expiring: 1 to 100; default 20." },
    cursor: { type: "string", value: "CURSOR", help: "nextCursor of the page before." },
    ...unitOption,
  },
  prepare(given) {
    const name = given.parameter("NAME");
    const prepare = Object.hasOwn(reports, name) ? reports[name] : undefined;
    if (prepare === undefined)
      throw new UsageError(`NAME must be one of ${names.join(", ")}, not ${JSON.stringify(name)}.`);
    return prepare(given);
  },
};

function readPage(given: Arguments): {
  userId: string | undefined;
  limit: number | undefined;
  cursor: string | undefined;
} {
  const limit = readNumber("limit", given.option("limit"), 100);
  return { userId: given.option("user"), limit, cursor: given.option("cursor") };
}

function readWithin(given: Arguments): { unit: string | undefined; withinDays: number | undefined } {
  return { unit: given.option("unit"), withinDays: readNumber("within-days", given.option("within-days"), 366) };
}

/** A page as a table whose columns are the items' own names. */
function listing(page: { readonly items: readonly object[]; readonly nextCursor: string | null }): Outcome {
  const columns = Object.keys(page.items[0] ?? {});
  const rows = page.items.map((item) => Object.values(item) as Cell[]);
  const text = table(columns, rows, "Nothing to report.");
  return { data: page, text: page.nextCursor === null ? text : `${text}\nMore: --cursor ${page.nextCursor}` };
}
