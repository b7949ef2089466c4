// The ledger's operations, bound to a database and a catalog's plans.
import type { Database } from "../db/database.ts";
import { audit, type AuditInput, type AuditResult } from "./audit.ts";
import { planRepairs, type RepairPlan } from "./audit/repair.ts";
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
import { invalid, type AccountInput } from "./input.ts";
import { seal, type SealResult } from "./seal.ts";
import type { SealKeys } from "./seal/keys.ts";

export interface Credits {
  grant(input: GrantInput, options?: WriteOptions): Promise<GrantResult>;
  consume(input: ConsumeInput, options?: WriteOptions): Promise<ConsumeResult>;
  balance(input: AccountInput, options?: WriteOptions): Promise<Balance>;
  history(input: HistoryInput): Promise<HistoryPage>;
  enrol(input: EnrolInput, options?: WriteOptions): Promise<EnrolResult>;
  distribute(budget?: BudgetInput): Promise<DistributeResult>;
  expire(budget?: BudgetInput): Promise<ExpireResult>;
  audit(input?: AuditInput): Promise<AuditResult>;
  /** What would mend each violation, where the other figures leave one answer only; changes nothing. */
  repairPlan(input?: AuditInput): Promise<RepairPlan>;
  /** Signs the entries that no seal covers. @throws invalid_request when no seal key is configured */
  seal(budget?: BudgetInput): Promise<SealResult>;
}

export function createCredits(
  database: Database,
  plans: readonly PlanTerms[],
  keys: SealKeys | undefined = undefined,
): Credits {
  return {
    grant: async (input, options) => grant(database, input, options),
    consume: async (input, options) => consume(database, input, options),
    balance: async (input, options) => balance(database, input, options),
    history: async (input) => history(database, input),
    enrol: async (input, options) => enrol(database, plans, input, options),
    distribute: async (budget) => distributeCredits(database, plans, budget),
    expire: async (budget) => expire(database, budget),
    audit: async (input) => audit(database, input, keys),
    repairPlan: async (input) => planRepairs(database, input, keys),
    async seal(budget) {
      if (keys === undefined) throw invalid("sealing needs the option seal: { keyId, key }.");
      return seal(database, keys, budget);
    },
  };
}
