// Histories of what rarely meets by chance, each compared with the model after every step.
import { takeHistory } from "../properties/history.ts";
import type { Step } from "../properties/steps.ts";
import { burnHistories } from "./burn-histories.ts";
import { debtHistories } from "./debt-histories.ts";
import { forgivenessHistories } from "./forgiveness-histories.ts";
import type { Killer } from "./killers.ts";
import { returnHistories } from "./return-histories.ts";
import { unaudited } from "./told.ts";

export type History = readonly [guarantee: string, steps: readonly Step[]];

export const ledgerScenarios: readonly Killer[] = [
  ...burnHistories,
  ...debtHistories,
  ...forgivenessHistories,
  ...returnHistories,
].map(([name, steps]) => ({
  name,
  files: ["01_account", "03_consume", "07_hold", "09_refund", "11_returns"],
  run: async (world) => takeHistory(unaudited(world), steps),
}));
