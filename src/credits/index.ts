// The ledger's operations, bound to a database and a catalog's plans.
import type { Database } from "../db/database.ts";
import { audit, type AuditResult } from "./audit.ts";
import { balance, type Balance } from "./balance.ts";
import type { BudgetInput } from "./batches.ts";
import { consume, type ConsumeInput, type ConsumeResult } from "./consume.ts";
import type { WriteOptions } from "./context.ts";
import { distributeCredits, type DistributeResult } from "./distribute.ts";
import { enrol, type EnrolInput, type EnrolResult } from "./enrol.ts";
import {
  endEnrolment,
  enrolments,
  pauseEnrolment,
  resumeEnrolment,
  type EndEnrolmentInput,
  type Enrolment,
  type EnrolmentInput,
  type ResumeEnrolmentInput,
} from "./enrolment.ts";
import {
  changePlan,
  setTimeZone,
  type ChangePlanInput,
  type ChangePlanResult,
  type TimeZoneInput,
} from "./enrolment-change.ts";
import { expire, type ExpireResult } from "./expire.ts";
import { grant, type GrantInput, type GrantResult } from "./grant.ts";
import { history, type HistoryInput, type HistoryPage } from "./history.ts";
import type { AccountInput } from "./input.ts";
import type { PlanTerms } from "./plan-terms.ts";

export interface Credits {
  grant(input: GrantInput, options?: WriteOptions): Promise<GrantResult>;
  consume(input: ConsumeInput, options?: WriteOptions): Promise<ConsumeResult>;
  balance(input: AccountInput, options?: WriteOptions): Promise<Balance>;
  history(input: HistoryInput): Promise<HistoryPage>;
  enrol(input: EnrolInput, options?: WriteOptions): Promise<EnrolResult>;
  enrolments(input: AccountInput): Promise<readonly Enrolment[]>;
  endEnrolment(input: EndEnrolmentInput, options?: WriteOptions): Promise<Enrolment>;
  pauseEnrolment(input: EnrolmentInput, options?: WriteOptions): Promise<Enrolment>;
  resumeEnrolment(input: ResumeEnrolmentInput, options?: WriteOptions): Promise<Enrolment>;
  changePlan(input: ChangePlanInput, options?: WriteOptions): Promise<ChangePlanResult>;
  setTimeZone(input: TimeZoneInput, options?: WriteOptions): Promise<void>;
  distribute(budget?: BudgetInput): Promise<DistributeResult>;
  expire(budget?: BudgetInput): Promise<ExpireResult>;
  audit(): Promise<AuditResult>;
}

export function createCredits(database: Database, plans: readonly PlanTerms[]): Credits {
  return {
    grant: async (input, options) => grant(database, input, options),
    consume: async (input, options) => consume(database, input, options),
    balance: async (input, options) => balance(database, input, options),
    history: async (input) => history(database, input),
    enrol: async (input, options) => enrol(database, plans, input, options),
    enrolments: async (input) => enrolments(database, input),
    endEnrolment: async (input, options) => endEnrolment(database, input, options),
    pauseEnrolment: async (input, options) => pauseEnrolment(database, input, options),
    resumeEnrolment: async (input, options) => resumeEnrolment(database, plans, input, options),
    changePlan: async (input, options) => changePlan(database, plans, input, options),
    setTimeZone: async (input, options) => setTimeZone(database, input, options),
    distribute: async (budget) => distributeCredits(database, plans, budget),
    expire: async (budget) => expire(database, budget),
    audit: async () => audit(database),
  };
}
