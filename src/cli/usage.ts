// tallystick usage USER
import { usageGroups, type Usage, type UsageInput } from "../credits/insight/usage.ts";
import type { Arguments, CommandOption } from "./arguments.ts";
import type { Command, Outcome } from "./command.ts";
import { unitOption } from "./command.ts";
import { filterOptions, rangeOptions, readRange, readTypes, readWords, timeZoneOption } from "./journal-options.ts";
import { table } from "./table.ts";

export const byOption: Readonly<Record<string, CommandOption>> = {
  by: { type: "string", value: "GROUPS", help: `Of ${usageGroups.join(", ")}, separated by commas; default day.` },
};

export const usage: Command = {
  name: "usage",
  summary: "What a user used, by day, feature, member and type; the last 30 days unless a range is given.",
  parameters: ["USER"],
  options: {
    ...byOption,
    ...rangeOptions,
    ...timeZoneOption,
    ...Object.fromEntries(
      Object.entries(filterOptions).filter(([name]) => ["type", "feature", "member"].includes(name)),
    ),
    ...unitOption,
  },
  prepare(given) {
    const input = readUsage(given);
    return async ({ tally }) => usageOutcome(await tally.credits.usage({ ...input, userId: given.parameter("USER") }));
  },
};

/** @throws UsageError */
export function readUsage(given: Arguments): UsageInput {
  return {
    ...readRange(given),
    unit: given.option("unit"),
    by: readWords("by", given.option("by"), usageGroups),
    types: readTypes(given),
    feature: given.option("feature"),
    member: given.option("member"),
    timeZone: given.option("time-zone"),
  };
}

export function usageOutcome(data: Usage): Outcome {
  const rows = data.rows.map((row) => [
    row.day,
    row.feature,
    row.member,
    row.type,
    row.unit,
    row.debited,
    row.credited,
    row.entries,
  ]);
  const columns = ["day", "feature", "member", "type", "unit", "debited", "credited", "entries"];
  return { data, text: table(columns, rows, "Nothing was used.") };
}
