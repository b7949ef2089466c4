// The public surface. Everything exported here is documented and kept; everything else may change.
export { createTallystick, type Tallystick } from "./create-tallystick.ts";
export type { AuthOptions, TallystickOptions } from "./options.ts";
export type { Handler, Handlers } from "./http/handlers.ts";
export { defineCatalog, type Catalog, type CatalogInput, type Pack, type Plan } from "./payment/catalog.ts";
export { errorCodes, isTallystickError, TallystickError, type ErrorCode } from "./kernel/errors.ts";
export type { Logger } from "./kernel/logger.ts";
export { formatMoney } from "./kernel/money.ts";
export type { DatabaseSource, TransactionSource } from "./db/database.ts";
export type { MigrateResult, MigrationState } from "./db/migrate.ts";

export type { Credits } from "./credits/index.ts";
export { distributeCredits } from "./credits/distribute.ts";
export type { WriteOptions } from "./credits/context.ts";
export type { AccountInput, CreditType, GrantType } from "./credits/input.ts";
export type { GrantInput, GrantResult } from "./credits/grant.ts";
export type { Allocation, ConsumeInput, ConsumeResult } from "./credits/consume.ts";
export type { PricedInput } from "./credits/price-table-input.ts";
export type { FeaturePriceInput, Rounding } from "./credits/price-table-schema.ts";
export type { Cost, CostInput } from "./credits/price-table.ts";
export type {
  CaptureInput,
  CaptureResult,
  Hold,
  HoldInput,
  HoldResult,
  HoldStatus,
  HoldView,
  VoidInput,
} from "./credits/hold.ts";
export type { HoldUse, WithHoldInput } from "./credits/with-hold.ts";
export type { RefundInput, RefundResult } from "./credits/refund.ts";
export type { SettleReturnsInput, SettleReturnsResult } from "./credits/returns.ts";
export type { AdjustInput, AdjustResult } from "./credits/adjust.ts";
export type { EraseResult, FreezeInput, MergeInput, MergeResult } from "./credits/account-state.ts";
export type { LimitPeriod, SetLimitInput, SpendLimit } from "./credits/limits.ts";
export type { ConsumeOutcome } from "./credits/consume-many.ts";
export { coalesceConsume, type CoalescedConsume, type CoalesceOptions } from "./credits/coalesce.ts";
export type { AlertRule, DefaultAlertRule } from "./credits/alert-rules.ts";
export type { AccountAlerts, Alert, SetAlertsInput } from "./credits/alerts.ts";
export type { Balance, BalanceInput, Lot } from "./credits/balance.ts";
export type { BalanceAt, BalanceAtInput } from "./credits/balance-at.ts";
export type { HistoryEntry, HistoryInput, HistoryPage } from "./credits/history.ts";
export type { EntryFilter, JournalEntry } from "./credits/insight/journal.ts";
export type { EntriesInput, ExportFormat, ExportInput } from "./credits/insight/export.ts";
export type { Usage, UsageGroup, UsageInput, UsageRow } from "./credits/insight/usage.ts";
export type { MonthlyCredits, MonthlyInput } from "./credits/insight/monthly.ts";
export type {
  ExpiringByDayInput,
  ExpiringDay,
  ExpiringInput,
  ExpiringLot,
  ExpiringPage,
} from "./credits/insight/expiring.ts";
export type { DistributeResult } from "./credits/distribute.ts";
export type { EnrolInput, EnrolResult } from "./credits/enrol.ts";
export type { EndEnrolmentInput, Enrolment, EnrolmentInput, ResumeEnrolmentInput } from "./credits/enrolment.ts";
export type { ChangePlanInput, ChangePlanResult, TimeZoneInput } from "./credits/enrolment-change.ts";
export type { Progress } from "./credits/batches.ts";
export type { ReleaseHoldsResult } from "./credits/release-holds.ts";
export type { ExpireResult } from "./credits/expire.ts";
export type { AuditInput, AuditProgress, AuditResult, Violation } from "./credits/audit.ts";
export type { Repair, RepairPlan } from "./credits/audit/repair.ts";
export type { SealResult } from "./credits/seal.ts";
export type { SealOptions } from "./credits/seal/keys.ts";
export type { SealReport } from "./credits/seal/verify.ts";

export { eventTypes } from "./kernel/outgoing-event.ts";
export type { EntryData, EventData, EventType, OutgoingEvent } from "./kernel/outgoing-event.ts";
export { createPublicFetch, type PublicFetch, type PublicFetchOptions } from "./kernel/public-fetch.ts";
export type { EventHooks } from "./outgoing/hooks.ts";
export type { EndpointRules, Endpoints } from "./outgoing/index.ts";
export type { Endpoint, EndpointChange, EndpointInput } from "./outgoing/endpoint.ts";
export type { EndpointOptions, EndpointWithSecret } from "./outgoing/endpoints.ts";
export type { Delivery, DeliveryAttempt, DeliveryDetail, DeliveryStatus } from "./outgoing/deliveries.ts";

export type { EraseUserResult, Users } from "./user-data.ts";
export type { ExportPage } from "./db/export-pages.ts";

export type { Attributes, Note, SpanOptions, TaskMeasure, Telemetry } from "./kernel/telemetry.ts";
export { defineTask, discard, retryLater, type RunContext, type Schedule, type TaskDefinition } from "./tasks/task.ts";
export type { RetryPolicy } from "./tasks/retry-policy.ts";
export type { DrainInput, DrainResult } from "./tasks/drain.ts";
export type { TickInput, TickResult } from "./tasks/tick.ts";
export type { Worker } from "./tasks/worker.ts";
export type { AnswerInput, Driver, Wake, WakeInput, WakeRuntime } from "./tasks/wake.ts";
export type { TaskAttempt, TaskView } from "./tasks/inspect.ts";

export type {
  AutoTopUp,
  AutoTopUpInput,
  AutoTopUps,
  AutoTopUpState,
  TopUpAttempt,
} from "./payment/billing/auto-top-up.ts";
export type { Billing } from "./payment/billing/index.ts";
export type { CheckoutInput } from "./payment/billing/checkout.ts";
export type { CheckoutOutcome, CheckoutOutcomeInput } from "./payment/billing/outcome.ts";
export type { PortalInput } from "./payment/billing/portal.ts";
export type {
  CancelInput,
  ChangeInput,
  OwnSubscription,
  PreviewChangeInput,
  PreviewedChange,
} from "./payment/billing/subscriptions.ts";
export type { SubscriptionView } from "./payment/subscription-row.ts";
export type {
  ChangeOutcome,
  ChangePreview,
  Checkout,
  CheckoutOrder,
  CheckoutState,
  CustomerOrder,
  PreviewLine,
  PriceChange,
  Proration,
  ProviderActions,
  SubscriptionReference,
} from "./payment/provider-actions.ts";
export type { DeferredRevenue, DeferredRevenueInput, DeferredRevenuePage } from "./payment/deferred-revenue.ts";
export type { EventView, ReceiveOutcome } from "./payment/inbox.ts";
export type { CatalogCheck, CatalogProblem } from "./payment/check-catalog.ts";
export type { InboundEvent } from "./payment/inbound-event.ts";
export type {
  Happened,
  HappenedInput,
  HappenedPage,
  PriceState,
  ProviderQueries,
  SetUpInput,
  SetUpResult,
} from "./payment/provider-queries.ts";
export type { ReconcileInput, ReconcileReport } from "./payment/reconcile/reconcile.ts";
export type {
  CheckoutLine,
  InvoiceLine,
  LoadContext,
  Money,
  Owner,
  PaymentFact,
  PaymentProvider,
  PaymentReferences,
  ReturnState,
  SubscriptionState,
  SubscriptionStatus,
} from "./payment/provider.ts";
