// tallystick simulate: whole lives of customers over a local Stripe, a year of them in seconds.
import { readNumber } from "./arguments.ts";
import type { ForegroundCommand } from "./command.ts";

const DEFAULT_MONTHS = 12;
const MAX_MONTHS = 60;
const MAX_CUSTOMERS = 200;

export const simulate: ForegroundCommand = {
  name: "simulate",
  summary:
    "Let customers live with this catalog over a local Stripe, a year in seconds, and prove the ledger after it.",
  parameters: [],
  options: {
    months: { type: "string", value: "N", help: `How long; 1 to ${MAX_MONTHS}, default ${DEFAULT_MONTHS}.` },
    customers: { type: "string", value: "N", help: `How many, 1 to ${MAX_CUSTOMERS}; default one of each story.` },
    seed: { type: "string", value: "N", help: "What they spend is drawn from it; the same seed spends the same." },
    keep: { type: "boolean", help: "Keep the simulation's own database, and print its name." },
  },
  async run(given, announce) {
    const options = {
      months: readNumber("months", given.option("months"), MAX_MONTHS) ?? DEFAULT_MONTHS,
      customers: readNumber("customers", given.option("customers"), MAX_CUSTOMERS) ?? null,
      seed: readNumber("seed", given.option("seed")) ?? 1,
      keep: given.flag("keep"),
    };
    // Loaded now: help and usage errors need no database.
    const { runSimulation } = await import("./simulate/run.ts");
    announce(await runSimulation(options));
  },
};
