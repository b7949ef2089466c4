// The short chaos run; `npm run test:chaos` is the long one.
import { randomInt } from "node:crypto";
import process from "node:process";
import { expect, it } from "vitest";
import { createEmptyDatabase } from "../support/database.ts";
import { describeReport, holds } from "./report.ts";
import { runChaos } from "./run-chaos.ts";

it("whatever is killed, cut, dropped, doubled and disordered, the ledger ends as the books of Stripe say", async () => {
  const seed = Number(process.env["CHAOS_SEED"] ?? randomInt(2 ** 31));
  const report = await runChaos({
    seed,
    events: 200,
    skipLeases: true,
    customers: 12,
    faults: { kills: 3, restarts: 1, cuts: 2, ticks: 3 },
    sandboxDatabase: await createEmptyDatabase(),
    receiverFaults: { failRate: 0.05, pauseRate: 0.03, hangRate: 0.01 },
  });
  if (!holds(report)) expect.fail(describeReport(report));
  expect(report).toMatchObject({ kills: 3, restarts: 1, customers: 12 });
}, 180_000);
