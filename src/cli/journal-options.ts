// The options of commands that read the journal: a range of time and a filter.
import { creditTypes, type CreditType } from "../credits/input.ts";
import type { EntryFilter } from "../credits/insight/journal.ts";
import { readChoice, readTime, UsageError, type Arguments, type CommandOption } from "./arguments.ts";

export const rangeOptions: Readonly<Record<string, CommandOption>> = {
  from: { type: "string", value: "TIME", help: "The first moment, ISO 8601." },
  to: { type: "string", value: "TIME", help: "The first moment that is no longer part." },
};

export const timeZoneOption: Readonly<Record<string, CommandOption>> = {
  "time-zone": { type: "string", value: "ZONE", help: "Where days and months begin, such as Europe/Berlin." },
};

export const filterOptions: Readonly<Record<string, CommandOption>> = {
  ...rangeOptions,
  type: { type: "string", value: "TYPES", help: "Types of entries, separated by commas." },
  feature: { type: "string", value: "NAME", help: "Only what this feature spent." },
  member: { type: "string", value: "NAME", help: "Only what this member spent." },
  payment: { type: "string", value: "ID", help: "Only entries of this payment." },
  operation: { type: "string", value: "ID", help: "Only the entries that this operation wrote." },
  sign: { type: "string", value: "SIGN", help: "positive: what came; negative: what went." },
};

export function readRange(given: Arguments): { readonly from: Date | undefined; readonly to: Date | undefined } {
  return { from: readTime("from", given.option("from")), to: readTime("to", given.option("to")) };
}

/** @throws UsageError */
export function readFilter(given: Arguments): EntryFilter {
  return {
    ...readRange(given),
    types: readWords("type", given.option("type"), creditTypes),
    feature: given.option("feature"),
    member: given.option("member"),
    paymentId: given.option("payment"),
    operationId: given.option("operation"),
    sign: readChoice("sign", given.option("sign"), ["positive", "negative"]),
  };
}

export function readTypes(given: Arguments): CreditType[] | undefined {
  return readWords("type", given.option("type"), creditTypes);
}

/** Words separated by commas, each of a list. @throws UsageError */
export function readWords<Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word[] | undefined {
  return text?.split(",").map((part) => {
    const word = words.find((candidate) => candidate === part.trim());
    if (word === undefined) throw new UsageError(`--${name} must be of ${words.join(", ")}, separated by commas.`);
    return word;
  });
}
