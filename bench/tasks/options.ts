// What `npm run bench:tasks -- …` understands.
import { parseArgs } from "node:util";

export const parts = ["enqueue", "backlog", "latency", "claims"] as const;
export type Part = (typeof parts)[number];

export interface Options {
  readonly rounds: number;
  /** Of a backlog that is worked through in batches; one at a time takes a quarter of it. */
  readonly tasks: number;
  readonly only: readonly Part[];
  readonly json: boolean;
}

export const usage = `npm run bench:tasks -- [--rounds N] [--tasks N] [--only ${parts.join("|")}]… [--json]`;

/** @throws what can't be understood */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: "string", default: "5" },
      tasks: { type: "string", default: "2000" },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const only = values.only.map((name) => {
    const part = parts.find((known) => known === name);
    if (part === undefined) throw new Error(`There is no part ${name}; there are ${parts.join(", ")}.`);
    return part;
  });
  return {
    rounds: wholeNumber("rounds", values.rounds),
    tasks: wholeNumber("tasks", values.tasks),
    only: only.length === 0 ? parts : only,
    json: values.json,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1.`);
  return value;
}
