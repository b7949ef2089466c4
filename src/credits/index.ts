// The ledger's operations, bound to a database and a catalog's plans.
import type { Database } from "../db/database.ts";
import { audit, type AuditResult } from "./audit.ts";
import { balance, type Balance } from "./balance.ts";
import type { BudgetInput } from "./batches.ts";
import { consume, type ConsumeInput, type ConsumeResult } from "./consume.ts";
import type { WriteOptions } from "./context.ts";
import {
  distributeCredits,
  enrol,
  type DistributeResult,
  type EnrolInput,
  type EnrolResult,
  type PlanTerms,
} from "./distribute.ts";
import { expire, type ExpireResult } from "./expire.ts";
import { grant, type GrantInput, type GrantResult } from "./grant.ts";
import { history, type HistoryInput, type HistoryPage } from "./history.ts";
import type { AccountInput } from "./input.ts";
import { priced, type PricedInput } from "./price-table-input.ts";
import type { PriceTable } from "./price-table-schema.ts";
import { cost, type Cost, type CostInput } from "./price-table.ts";

export interface Credits {
  grant(input: GrantInput, options?: WriteOptions): Promise<GrantResult>;
  consume(input: PricedInput<ConsumeInput>, options?: WriteOptions): Promise<ConsumeResult>;
  /** What a quantity of a feature costs by the catalog; asks no database. @throws invalid_request */
  cost(input: CostInput): Cost;
  balance(input: AccountInput, options?: WriteOptions): Promise<Balance>;
  history(input: HistoryInput): Promise<HistoryPage>;
  enrol(input: EnrolInput, options?: WriteOptions): Promise<EnrolResult>;
  distribute(budget?: BudgetInput): Promise<DistributeResult>;
  expire(budget?: BudgetInput): Promise<ExpireResult>;
  audit(): Promise<AuditResult>;
}

export function createCredits(
  database: Database,
  plans: readonly PlanTerms[],
  prices: PriceTable = new Map(),
): Credits {
  return {
    grant: async (input, options) => grant(database, input, options),
    consume: async (input, options) => consume(database, priced(prices, input), options),
    cost: (input) => cost(prices, input),
    balance: async (input, options) => balance(database, input, options),
    history: async (input) => history(database, input),
    enrol: async (input, options) => enrol(database, plans, input, options),
    distribute: async (budget) => distributeCredits(database, plans, budget),
    expire: async (budget) => expire(database, budget),
    audit: async () => audit(database),
  };
}
