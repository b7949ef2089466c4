// The ledger's operations, bound to a database and a catalog's plans.
import type { Database } from "../db/database.ts";
import { audit, type AuditResult } from "./audit.ts";
import { balance, type Balance } from "./balance.ts";
import type { BudgetInput } from "./batches.ts";
import { consume, type ConsumeInput, type ConsumeResult } from "./consume.ts";
import { consumeMany, type ConsumeOutcome } from "./consume-many.ts";
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

export interface Credits {
  grant(input: GrantInput, options?: WriteOptions): Promise<GrantResult>;
  consume(input: ConsumeInput, options?: WriteOptions): Promise<ConsumeResult>;
  consumeMany(items: readonly ConsumeInput[], options?: WriteOptions): Promise<ConsumeOutcome[]>;
  balance(input: AccountInput, options?: WriteOptions): Promise<Balance>;
  history(input: HistoryInput): Promise<HistoryPage>;
  enrol(input: EnrolInput, options?: WriteOptions): Promise<EnrolResult>;
  distribute(budget?: BudgetInput): Promise<DistributeResult>;
  expire(budget?: BudgetInput): Promise<ExpireResult>;
  audit(): Promise<AuditResult>;
}

export function createCredits(database: Database, plans: readonly PlanTerms[]): Credits {
  return {
    grant: async (input, options) => grant(database, input, options),
    consume: async (input, options) => consume(database, input, options),
    consumeMany: async (items, options) => consumeMany(database, items, options),
    balance: async (input, options) => balance(database, input, options),
    history: async (input) => history(database, input),
    enrol: async (input, options) => enrol(database, plans, input, options),
    distribute: async (budget) => distributeCredits(database, plans, budget),
    expire: async (budget) => expire(database, budget),
    audit: async () => audit(database),
  };
}
