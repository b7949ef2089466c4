// What random histories don't come to: periods in zones, terms, sums at their limits, moments at their boundary.
import type { Killer } from "./killers.ts";
import { functionScenarios } from "./function-scenarios.ts";
import { ledgerScenarios } from "./ledger-scenarios.ts";
import { spendScenarios } from "./spend-scenarios.ts";
import { dueScenarios } from "./due-scenarios.ts";
import { termScenarios } from "./term-scenarios.ts";

export const scenarios: readonly Killer[] = [
  ...ledgerScenarios,
  ...functionScenarios,
  ...spendScenarios,
  ...[...termScenarios, ...dueScenarios].map((killer) => ({ ...killer, files: ["06_enrol", "06_distribute"] })),
];
