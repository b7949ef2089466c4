// What random histories don't come to: periods in zones, terms, sums at their limits, moments at their boundary.
import type { Killer } from "./killers.ts";
import { functionScenarios } from "./function-scenarios.ts";
import { ledgerScenarios } from "./ledger-scenarios.ts";
import { operationScenarios } from "./operation-scenarios.ts";
import { periodScenarios } from "./period-scenarios.ts";
import { renewalScenarios } from "./renewal-scenarios.ts";
import { sessionScenarios } from "./session-scenarios.ts";
import { spendScenarios } from "./spend-scenarios.ts";
import { dueScenarios } from "./due-scenarios.ts";
import { termScenarios } from "./term-scenarios.ts";

export const scenarios: readonly Killer[] = [
  ...ledgerScenarios,
  ...functionScenarios,
  ...operationScenarios,
  ...spendScenarios,
  ...sessionScenarios,
  ...[...termScenarios, ...renewalScenarios, ...dueScenarios, ...periodScenarios].map((killer) => ({
    ...killer,
    files: ["06_enrol", "06_distribute"],
  })),
];
