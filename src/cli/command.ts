// What a command is: its words for the help, its options, and a function that answers data and the text a person reads.
import type { Engine } from "../engine.ts";
import type { Arguments, CommandOption } from "./arguments.ts";

export interface Outcome {
  /** The one JSON document of `--json`. */
  readonly data: unknown;
  readonly text: string;
  /** True when the command worked and what it found is bad: the exit status is 1. */
  readonly failed?: boolean;
  /** True when the command has written its output itself, as one that streams does. */
  readonly written?: boolean;
}

export interface CommandContext {
  readonly tally: Engine;
  /** The configuration file in use; undefined: none was found, and the catalog is empty. */
  readonly configFile: string | undefined;
  readonly actor: string;
}

interface CommandWords {
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments, all required. */
  readonly parameters: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
}

export interface Command extends CommandWords {
  /** Reads the words before a database is opened, and answers what is to be done with one. @throws UsageError */
  prepare(given: Arguments): (context: CommandContext) => Promise<Outcome>;
}

/** A command that has to work where no database does, and opens what it needs by itself. */
export interface DiagnosticCommand extends CommandWords {
  diagnose(): Promise<Outcome>;
}

/** A command that runs until it is stopped, and opens what it needs by itself. */
export interface ForegroundCommand extends CommandWords {
  /** Runs; `announce` prints what it has to say once it stands. @throws UsageError */
  run(given: Arguments, announce: (outcome: Outcome) => void): Promise<void>;
}

export type AnyCommand = Command | DiagnosticCommand | ForegroundCommand;

export const unitOption: Readonly<Record<string, CommandOption>> = {
  unit: { type: "string", value: "UNIT", help: "What is counted; default credit." },
};

export const keyOption: Readonly<Record<string, CommandOption>> = {
  "idempotency-key": { type: "string", value: "KEY", help: "The same key has one effect and one answer." },
};

export const reasonOption: Readonly<Record<string, CommandOption>> = {
  reason: { type: "string", value: "TEXT", help: "Why; kept. Needed." },
};

export const spenderOptions: Readonly<Record<string, CommandOption>> = {
  feature: { type: "string", value: "NAME", help: "The feature that spends; it may use the lots kept for it." },
  member: { type: "string", value: "NAME", help: "Who of a shared account spends; the member's own limits count too." },
};

/** What a new lot may be told. */
export const lotOptions: Readonly<Record<string, CommandOption>> = {
  "expires-at": { type: "string", value: "TIME", help: "ISO 8601; without it the credits never expire." },
  "effective-at": { type: "string", value: "TIME", help: "ISO 8601; without it the credits are there at once." },
  scope: { type: "string", value: "NAMES", help: "The features that may use the credits, separated by commas." },
};

export const budgetOption: Readonly<Record<string, CommandOption>> = {
  "budget-ms": { type: "string", value: "MS", help: "Begin nothing new after this many milliseconds." },
};
