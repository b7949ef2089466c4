// The words after a command, read strictly: what is not understood is refused before anything happens.
import { parseArgs } from "node:util";
import { MAX_AMOUNT } from "../kernel/amount.ts";

/** A command line that can't be understood; exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface CommandOption {
  readonly type: "string" | "boolean";
  /** The option's value as the help writes it, such as `KEY`. */
  readonly value?: string;
  readonly help: string;
}

export interface Arguments {
  /** The argument of this name. */
  parameter(name: string): string;
  option(name: string): string | undefined;
  flag(name: string): boolean;
}

interface Words {
  readonly parameters: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
}

/** Reads the words after a command. @throws UsageError */
export function readArguments({ parameters, options }: Words, words: readonly string[]): Arguments {
  const { values, positionals } = parse(options, words);
  const missing = parameters[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  const extra = positionals[parameters.length];
  if (extra !== undefined) throw new UsageError(`The argument ${JSON.stringify(extra)} is one too many.`);
  return {
    parameter: (name) => positionals[parameters.indexOf(name)] ?? "",
    option(name) {
      const value = values[name];
      return typeof value === "string" ? value : undefined;
    },
    flag: (name) => values[name] === true,
  };
}

// No option has a digit for its name: -5 is a number. A space hides its sign from the parser.
const negative = /^-\d/;

function parse(options: Words["options"], words: readonly string[]) {
  const types = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
  const args = words.map((word) => (negative.test(word) ? ` ${word}` : word));
  try {
    const { values, positionals } = parseArgs({ args, options: types, allowPositionals: true, strict: true });
    return { values, positionals: positionals.map((word) => (negative.test(word.slice(1)) ? word.trimStart() : word)) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Credits: plain digits, so that 1e3, 0x10, 1_000 and +5 are refused rather than guessed at. @throws UsageError */
export function readAmount(text: string, name = "AMOUNT"): number {
  const amount = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw new UsageError(
      `${name} must be a whole number from 1 to ${MAX_AMOUNT} in plain digits, not ${JSON.stringify(text)}.`,
    );
  }
  return amount;
}

/** Credits to add, or with a minus to take off. @throws UsageError */
export function readSignedAmount(text: string): number {
  return text.startsWith("-") ? -readAmount(text.slice(1)) : readAmount(text);
}

/** The text of `--reason`, which has to be there. @throws UsageError */
export function readReason(given: Arguments): string {
  const reason = given.option("reason");
  if (!reason?.trim()) throw new UsageError("A --reason is needed.");
  return reason;
}

/** A count or a time in milliseconds; undefined when the option is absent. @throws UsageError */
export function readNumber(name: string, text: string | undefined, max = 2 ** 31 - 1): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= max)) throw new UsageError(`--${name} must be a whole number from 1 to ${max}.`);
  return value;
}

/** One of a list of words; undefined when the option is absent. @throws UsageError */
export function readChoice<Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new UsageError(`--${name} must be one of ${choices.join(", ")}.`);
  return choice;
}

const isoPattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d))?$/;

/** An ISO 8601 date (midnight UTC) or a date and time with its zone. @throws UsageError */
export function readTime(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = isoPattern.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(
      `--${name} must be a date such as 2027-01-31 or a time with its zone such as 2027-01-31T12:00:00Z.`,
    );
  }
  return time;
}

/** What a new lot is told. @throws UsageError */
export function readLot(given: Arguments): {
  readonly expiresAt: Date | undefined;
  readonly effectiveAt: Date | undefined;
  readonly scope: readonly string[] | undefined;
} {
  return {
    expiresAt: readTime("expires-at", given.option("expires-at")),
    effectiveAt: readTime("effective-at", given.option("effective-at")),
    scope: given
      .option("scope")
      ?.split(",")
      .map((feature) => feature.trim()),
  };
}
