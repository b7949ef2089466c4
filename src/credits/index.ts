// The ledger's operations, bound to a database and a catalog's plans.
import type { Database } from "../db/database.ts";
import type { AuditInput, AuditResult } from "./audit.ts";
import type { RepairPlan } from "./audit/repair.ts";
import {
  erase,
  freeze,
  merge,
  unfreeze,
  type EraseResult,
  type FreezeInput,
  type MergeInput,
  type MergeResult,
} from "./account-state.ts";
import { adjust, type AdjustInput, type AdjustResult } from "./adjust.ts";
import { alerts, setAlerts, type AccountAlerts, type SetAlertsInput } from "./alerts.ts";
import { balance, type Balance, type BalanceInput } from "./balance.ts";
import { balanceAt, type BalanceAt, type BalanceAtInput } from "./balance-at.ts";
import type { BudgetInput } from "./batches.ts";
import { consume, type ConsumeInput, type ConsumeResult } from "./consume.ts";
import { consumeMany, type ConsumeOutcome } from "./consume-many.ts";
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
import { invalid, type AccountInput } from "./input.ts";
import type { SealResult } from "./seal.ts";
import type { SealKeys } from "./seal/keys.ts";
import {
  capture,
  getHold,
  hold,
  voidHold,
  type CaptureInput,
  type CaptureResult,
  type HoldInput,
  type HoldResult,
  type HoldView,
  type VoidInput,
} from "./hold.ts";
import { createInsight, type Insight } from "./insight/index.ts";
import { limits, setLimit, type SetLimitInput, type SpendLimit } from "./limits.ts";
import { priced, type PricedInput } from "./price-table-input.ts";
import type { PriceTable } from "./price-table-schema.ts";
import { cost, type Cost, type CostInput } from "./price-table.ts";
import type { PlanTerms } from "./plan-terms.ts";
import { refund, type RefundInput, type RefundResult } from "./refund.ts";
import { releaseHolds, type ReleaseHoldsResult } from "./release-holds.ts";
import { settleReturns, type SettleReturnsInput, type SettleReturnsResult } from "./returns.ts";
import { withHold, type HoldUse, type WithHoldInput } from "./with-hold.ts";

export interface Credits extends Insight {
  grant(input: GrantInput, options?: WriteOptions): Promise<GrantResult>;
  consumeMany(items: readonly PricedInput<ConsumeInput>[], options?: WriteOptions): Promise<ConsumeOutcome[]>;
  consume(input: PricedInput<ConsumeInput>, options?: WriteOptions): Promise<ConsumeResult>;
  /** What a quantity of a feature costs by the catalog; asks no database. @throws invalid_request */
  cost(input: CostInput): Cost;
  hold(input: PricedInput<HoldInput>, options?: WriteOptions): Promise<HoldResult>;
  capture(input: CaptureInput, options?: WriteOptions): Promise<CaptureResult>;
  void(input: VoidInput, options?: WriteOptions): Promise<HoldResult>;
  getHold(input: { readonly holdId: string }): Promise<HoldView>;
  withHold<Result>(input: PricedInput<WithHoldInput>, work: (use: HoldUse) => Promise<Result>): Promise<Result>;
  refund(input: RefundInput, options?: WriteOptions): Promise<RefundResult>;
  settleReturns(input: SettleReturnsInput, options?: WriteOptions): Promise<SettleReturnsResult>;
  adjust(input: AdjustInput, options?: WriteOptions): Promise<AdjustResult>;
  freeze(input: FreezeInput, options?: WriteOptions): Promise<void>;
  unfreeze(input: FreezeInput, options?: WriteOptions): Promise<void>;
  merge(input: MergeInput, options?: WriteOptions): Promise<MergeResult>;
  erase(input: { readonly userId: string }, options?: WriteOptions): Promise<EraseResult>;
  setLimit(input: SetLimitInput, options?: WriteOptions): Promise<void>;
  limits(input: AccountInput): Promise<readonly SpendLimit[]>;
  alerts(input: AccountInput, options?: WriteOptions): Promise<AccountAlerts>;
  setAlerts(input: SetAlertsInput, options?: WriteOptions): Promise<AccountAlerts>;
  balance(input: BalanceInput, options?: WriteOptions): Promise<Balance>;
  balanceAt(input: BalanceAtInput, options?: WriteOptions): Promise<BalanceAt>;
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
  audit(input?: AuditInput): Promise<AuditResult>;
  /** What would mend each violation, where the other figures leave one answer only; changes nothing. */
  repairPlan(input?: AuditInput): Promise<RepairPlan>;
  /** Signs the entries that no seal covers. @throws invalid_request when no seal key is configured */
  seal(budget?: BudgetInput): Promise<SealResult>;
  releaseHolds(budget?: BudgetInput): Promise<ReleaseHoldsResult>;
}

export function createCredits(
  database: Database,
  plans: readonly PlanTerms[],
  keys?: SealKeys,
  prices: PriceTable = new Map(),
): Credits {
  return {
    ...createInsight(database),
    grant: async (input, options) => grant(database, input, options),
    consumeMany: async (items, options) => consumeMany(database, items, options, prices),
    consume: async (input, options) => consume(database, priced(prices, input), options),
    cost: (input) => cost(prices, input),
    hold: async (input, options) => hold(database, priced(prices, input), options),
    capture: async (input, options) => capture(database, input, options),
    void: async (input, options) => voidHold(database, input, options),
    getHold: async (input) => getHold(database, input),
    withHold: async (input, work) => withHold(database, priced(prices, input), work),
    refund: async (input, options) => refund(database, input, options),
    settleReturns: async (input, options) => settleReturns(database, input, options),
    adjust: async (input, options) => adjust(database, input, options),
    freeze: async (input, options) => freeze(database, input, options),
    unfreeze: async (input, options) => unfreeze(database, input, options),
    merge: async (input, options) => merge(database, input, options),
    erase: async (input, options) => erase(database, input, options),
    setLimit: async (input, options) => setLimit(database, input, options),
    limits: async (input) => limits(database, input),
    alerts: async (input, options) => alerts(database, input, options),
    setAlerts: async (input, options) => setAlerts(database, input, options),
    balance: async (input, options) => balance(database, input, options),
    balanceAt: async (input, options) => balanceAt(database, input, options),
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
    audit: async (input) => (await import("./audit.ts")).audit(database, input, keys),
    repairPlan: async (input) => (await import("./audit/repair.ts")).planRepairs(database, input, keys),
    async seal(budget) {
      if (keys === undefined) throw invalid("sealing needs the option seal: { keyId, key }.");
      return (await import("./seal.ts")).seal(database, keys, budget);
    },
    releaseHolds: async (budget) => releaseHolds(database, budget),
  };
}
