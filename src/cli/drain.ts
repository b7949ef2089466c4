// tallystick tick, tallystick drain: both run tasks, which only a process that has their definitions can do.
import type { DrainResult } from "../tasks/drain.ts";
import { readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { budgetOption } from "./command.ts";
import { requireConfig } from "./require-config.ts";
import { count, pairs } from "./table.ts";

export const tick: Command = {
  name: "tick",
  summary: "Do what time has made due: schedules, expiry, distribution, tasks. Needs tallystick.config.",
  parameters: [],
  options: budgetOption,
  prepare(given) {
    const budgetMs = readNumber("budget-ms", given.option("budget-ms"));
    return async ({ tally, configFile }) => {
      requireConfig(configFile, withoutConfig);
      const result = await tally.tick({ budgetMs });
      const { slots, maintenance, tasks, durationMs } = result;
      const counts = Object.entries(maintenance).map(([name, work]) => [name, describe(work)] as const);
      const lines = [
        ["schedules", `${count(slots, "slot")} claimed`] as const,
        ...counts,
        ["tasks", describeDrain(tasks)] as const,
      ];
      return { data: result, text: pairs([...lines, ["duration", `${durationMs} ms`]]) };
    };
  },
};

export const drain: Command = {
  name: "drain",
  summary: "Run due tasks. Needs tallystick.config.",
  parameters: [],
  options: { "max-tasks": { type: "string", value: "N", help: "Run at most this many." }, ...budgetOption },
  prepare(given) {
    const budgetMs = readNumber("budget-ms", given.option("budget-ms"));
    const maxTasks = readNumber("max-tasks", given.option("max-tasks"));
    return async ({ tally, configFile }) => {
      requireConfig(configFile, withoutConfig);
      const result = await tally.drain({ budgetMs, maxTasks });
      return { data: result, text: describeDrain(result) };
    };
  },
};

// A task whose definition is unknown to a process fails there and loses an attempt.
const withoutConfig = "this process can't handle payment events and deliveries, and would fail them. Nothing was run.";

function describeDrain({ processed, done, failed, dead, remaining, nextRunAt }: DrainResult): string {
  const next = nextRunAt === null ? "" : `; next due ${nextRunAt.toISOString()}`;
  return `${count(processed, "task")} run: ${done} done, ${failed} to retry, ${dead} dead; ${remaining} due${next}`;
}

function describe(work: Readonly<Record<string, unknown>>): string {
  return Object.entries(work)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" ") || "none" : String(value)}`)
    .join(", ");
}
