// What random histories don't come to: periods in zones, terms, sums at their limits, moments at their boundary.
import type { Killer } from "./killers.ts";
import { functionScenarios } from "./function-scenarios.ts";
import { ledgerScenarios } from "./ledger-scenarios.ts";
import { periodScenarios } from "./period-scenarios.ts";

export const scenarios: readonly Killer[] = [...ledgerScenarios, ...functionScenarios, ...periodScenarios];
