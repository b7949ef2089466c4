// The tables, described for typed queries with Drizzle. The migrations are the truth: a test compares this with the live
// database. Reading from these tables is welcome; writing is the ledger's own.
import {
  bigint,
  boolean,
  customType,
  date,
  integer,
  jsonb,
  pgSchema,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

export const tallystick = pgSchema("tallystick");

const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });
const count = (name: string) => bigint(name, { mode: "number" });
const moment = (name: string) => timestamp(name, { withTimezone: true });
const identity = () => count("id").primaryKey().generatedAlwaysAsIdentity();

export const userCredit = tallystick.table("user_credit", {
  id: identity(),
  userId: text("user_id").notNull(),
  unit: text().notNull().default("credit"),
  currentCredits: count("current_credits").notNull().default(0),
  debt: count("debt").notNull().default(0),
  seq: count("seq").notNull().default(0),
  frozenAt: moment("frozen_at"),
  timeZone: text("time_zone").notNull().default("UTC"),
  mergedIntoId: count("merged_into_id"),
  cachedBalance: count("cached_balance").notNull().default(0),
  cachedAvailable: count("cached_available").notNull().default(0),
  cachedHeld: count("cached_held").notNull().default(0),
  nextChangeAt: moment("next_change_at").notNull(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
  frozenBy: text("frozen_by"),
  frozenReason: text("frozen_reason"),
  limited: boolean().notNull().default(false),
  hasHolds: boolean("has_holds").notNull().default(false),
  alertVersion: count("alert_version").notNull().default(0),
  alertBelow: count("alert_below"),
  alertAbove: count("alert_above"),
  alertBase: count("alert_base"),
});

export const creditTransaction = tallystick.table("credit_transaction", {
  id: identity(),
  accountId: count("account_id").notNull(),
  seq: count("seq").notNull(),
  amount: count("amount").notNull(),
  balanceAfter: count("balance_after").notNull(),
  operationId: count("operation_id"),
  createdAt: moment("created_at").notNull(),
  type: text().notNull(),
  paymentId: count("payment_id"),
  refundOfId: count("refund_of_id"),
  refundDraw: integer("refund_draw"),
  answeredBalance: count("answered_balance"),
  answeredAvailable: count("answered_available"),
  idempotencyKey: text("idempotency_key"),
  requestHash: bytea("request_hash"),
  provider: text(),
  fact: text(),
  actor: text(),
  description: text(),
  metadata: jsonb(),
  feature: text(),
  member: text(),
  forgivable: boolean(),
});

export const creditLot = tallystick.table("credit_lot", {
  id: count("id").primaryKey(),
  accountId: count("account_id").notNull(),
  amount: count("amount").notNull(),
  remainingAmount: count("remaining_amount").notNull(),
  heldAmount: count("held_amount").notNull().default(0),
  priority: integer().notNull().default(100),
  scope: text().array(),
  effectiveAt: moment("effective_at").notNull(),
  expirationDate: moment("expiration_date"),
  expirationDateProcessedAt: moment("expiration_date_processed_at"),
  paymentId: count("payment_id"),
  open: boolean().notNull().default(true),
});

export const creditAllocation = tallystick.table("credit_allocation", {
  transactionId: count("transaction_id").notNull(),
  n: integer().notNull(),
  lotId: count("lot_id").notNull(),
  amount: count("amount").notNull(),
  createdAt: moment("created_at").notNull(),
});

export const creditHold = tallystick.table("credit_hold", {
  id: identity(),
  accountId: count("account_id").notNull(),
  amount: count("amount").notNull(),
  capturedAmount: count("captured_amount").notNull().default(0),
  status: text().notNull().default("open"),
  feature: text(),
  expiresAt: moment("expires_at").notNull(),
  createdAt: moment("created_at").notNull(),
  settledAt: moment("settled_at"),
  captureTransactionId: count("capture_transaction_id"),
  answeredBalance: count("answered_balance"),
  answeredAvailable: count("answered_available"),
  idempotencyKey: text("idempotency_key"),
  requestHash: bytea("request_hash"),
  settleIdempotencyKey: text("settle_idempotency_key"),
  settleRequestHash: bytea("settle_request_hash"),
  description: text(),
  metadata: jsonb(),
  member: text(),
  settleAnsweredBalance: count("settle_answered_balance"),
  settleAnsweredAvailable: count("settle_answered_available"),
});

export const creditHoldLot = tallystick.table("credit_hold_lot", {
  holdId: count("hold_id").notNull(),
  n: integer().notNull(),
  lotId: count("lot_id").notNull(),
  amount: count("amount").notNull(),
});

export const creditEnrolment = tallystick.table("credit_enrolment", {
  id: identity(),
  accountId: count("account_id").notNull(),
  planId: text("plan_id").notNull(),
  type: text().notNull(),
  quantity: count("quantity").notNull().default(1),
  anchorAt: moment("anchor_at").notNull(),
  firstPeriod: integer("first_period").notNull().default(0),
  periodCount: integer("period_count"),
  nextPeriod: integer("next_period").notNull().default(0),
  nextDueAt: moment("next_due_at"),
  endedAt: moment("ended_at"),
  paymentId: count("payment_id"),
  provider: text(),
  fact: text(),
  source: text(),
  createdAt: moment("created_at").notNull(),
  anchorTimeZone: text("anchor_time_zone").notNull().default("UTC"),
  periodEndsAt: moment("period_ends_at"),
  periodCredits: count("period_credits").notNull().default(0),
  pausedAt: moment("paused_at"),
  continuesId: count("continues_id"),
  idempotencyKey: text("idempotency_key"),
  requestHash: bytea("request_hash"),
});

export const creditSpendLimit = tallystick.table("credit_spend_limit", {
  id: identity(),
  accountId: count("account_id").notNull(),
  member: text(),
  period: text().notNull(),
  amount: count("amount").notNull(),
  createdAt: moment("created_at").notNull(),
  timeZone: text("time_zone").notNull().default("UTC"),
});

export const creditReturn = tallystick.table("credit_return", {
  paymentId: count("payment_id").primaryKey(),
  paidAmount: count("paid_amount").notNull(),
  returnedAmount: count("returned_amount").notNull(),
  policy: text().notNull().default("debt"),
  updatedAt: moment("updated_at").notNull(),
});

export const creditSpendCounter = tallystick.table("credit_spend_counter", {
  limitId: count("limit_id").notNull(),
  periodStart: date("period_start").notNull(),
  amount: count("amount").notNull(),
});

export const creditSeal = tallystick.table("credit_seal", {
  accountId: count("account_id").notNull(),
  fromSeq: count("from_seq").notNull(),
  toSeq: count("to_seq").notNull(),
  keyId: text("key_id").notNull(),
  seal: bytea().notNull(),
  createdAt: moment("created_at").notNull(),
});

export const creditProofRun = tallystick.table("credit_proof_run", {
  id: identity(),
  kind: text().notNull(),
  walk: text().notNull(),
  nextId: count("next_id").notNull(),
  lastId: count("last_id").notNull(),
  stepSize: integer("step_size").notNull(),
  steps: count("steps").notNull().default(0),
  violations: count("violations").notNull().default(0),
  findings: jsonb().notNull().default([]),
  startedAt: moment("started_at").notNull(),
  finishedAt: moment("finished_at"),
});

export const creditAlertDefaults = tallystick.table("credit_alert_defaults", {
  version: count("version").primaryKey().generatedAlwaysAsIdentity(),
  rules: jsonb().notNull(),
  createdAt: moment("created_at").notNull(),
});

export const creditAlertOverride = tallystick.table("credit_alert_override", {
  accountId: count("account_id").primaryKey(),
  rules: jsonb().notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const creditAlertHorizon = tallystick.table("credit_alert_horizon", {
  days: integer().primaryKey(),
  scannedTo: moment("scanned_to").notNull(),
  reached: moment("reached"),
});

export const creditAlert = tallystick.table("credit_alert", {
  id: identity(),
  accountId: count("account_id").notNull(),
  kind: text().notNull(),
  level: count("level"),
  percent: integer(),
  available: count("available"),
  lotId: count("lot_id"),
  days: integer(),
  amount: count("amount"),
  expiresAt: moment("expires_at"),
  createdAt: moment("created_at").notNull(),
  attempts: integer().notNull().default(0),
  retryAt: moment("retry_at").notNull(),
  lastError: text("last_error"),
  relayedAt: moment("relayed_at"),
});

/** The reference's picture of a credit transaction: entry and lot as one row. */
export const creditTransactionDetail = tallystick
  .view("credit_transaction_detail", {
    id: count("id"),
    userId: text("user_id"),
    unit: text(),
    seq: count("seq"),
    type: text(),
    amount: count("amount"),
    balanceAfter: count("balance_after"),
    remainingAmount: count("remaining_amount"),
    description: text(),
    expirationDate: moment("expiration_date"),
    expirationDateProcessedAt: moment("expiration_date_processed_at"),
    paymentId: count("payment_id"),
    actor: text(),
    metadata: jsonb(),
    createdAt: moment("created_at"),
    updatedAt: moment("updated_at"),
  })
  .existing();

export const task = tallystick.table("task", {
  id: identity(),
  name: text().notNull(),
  payload: jsonb().notNull().default({}),
  status: text().notNull().default("pending"),
  lane: text(),
  dedupeKey: text("dedupe_key"),
  attempts: integer().notNull().default(0),
  maxAttempts: integer("max_attempts").notNull(),
  runAt: moment("run_at").notNull(),
  leaseUntil: moment("lease_until"),
  leaseToken: count("lease_token"),
  lastError: text("last_error"),
  lastErrorCode: text("last_error_code"),
  result: jsonb(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
  finishedAt: moment("finished_at"),
  wokenAt: moment("woken_at"),
  traceparent: text(),
  startedAt: moment("started_at"),
  worker: text(),
});

export const taskLane = tallystick.table("task_lane", {
  name: text().primaryKey(),
  readyAt: moment("ready_at"),
  leaseToken: count("lease_token"),
  taskId: count("task_id"),
  pausedUntil: moment("paused_until"),
});

export const taskAttempt = tallystick.table("task_attempt", {
  id: identity(),
  taskId: count("task_id").notNull(),
  attempt: integer().notNull(),
  leaseToken: count("lease_token"),
  outcome: text().notNull().default("running"),
  worker: text(),
  error: text(),
  errorCode: text("error_code"),
  startedAt: moment("started_at").notNull(),
  finishedAt: moment("finished_at"),
});

export const scheduleRun = tallystick.table("schedule_run", {
  id: identity(),
  taskName: text("task_name").notNull(),
  dueAt: moment("due_at").notNull(),
  status: text().notNull(),
  taskId: count("task_id"),
  startedAt: moment("started_at"),
  finishedAt: moment("finished_at"),
  counts: jsonb(),
  error: text(),
});

export const webhookEvent = tallystick.table("webhook_event", {
  id: identity(),
  provider: text().notNull(),
  eventId: text("event_id").notNull(),
  type: text().notNull(),
  apiVersion: text("api_version"),
  livemode: boolean(),
  status: text().notNull(),
  taskId: count("task_id"),
  payload: jsonb(),
  receivedAt: moment("received_at").notNull(),
  processedAt: moment("processed_at"),
});

export const customer = tallystick.table("customer", {
  id: identity(),
  provider: text().notNull(),
  customerId: text("customer_id").notNull(),
  userId: text("user_id").notNull(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
  claimed: boolean().notNull(),
});

export const payment = tallystick.table("payment", {
  id: identity(),
  provider: text().notNull(),
  userId: text("user_id"),
  customerId: text("customer_id"),
  priceId: text("price_id"),
  type: text().notNull(),
  sessionId: text("session_id"),
  invoiceId: text("invoice_id"),
  // The first of the names by which refunds and disputes call it; payment_charge has all.
  paymentIntentId: text("payment_intent_id"),
  subscriptionId: text("subscription_id"),
  status: text().notNull(),
  paid: boolean().notNull().default(false),
  paidAt: moment("paid_at"),
  amount: count("amount"),
  currency: text(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const paymentCharge = tallystick.table("payment_charge", {
  id: identity(),
  provider: text().notNull(),
  reference: text().notNull(),
  paymentId: count("payment_id").notNull(),
  createdAt: moment("created_at").notNull(),
});

export const paymentReturn = tallystick.table("payment_return", {
  id: identity(),
  provider: text().notNull(),
  returnId: text("return_id").notNull(),
  paymentId: count("payment_id").notNull(),
  kind: text().notNull(),
  status: text().notNull(),
  stage: integer().notNull(),
  amount: count("amount").notNull(),
  currency: text().notNull(),
  stands: boolean().notNull(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const creditWatch = tallystick.table("credit_watch", {
  accountId: count("account_id").primaryKey(),
  level: count("level").notNull(),
  crossedAt: moment("crossed_at"),
});

export const paymentReconcile = tallystick.table("payment_reconcile", {
  provider: text().primaryKey(),
  since: moment("since").notNull(),
  until: moment("until").notNull(),
  position: text(),
  seen: count("seen").notNull().default(0),
  missing: count("missing").notNull().default(0),
  startedAt: moment("started_at").notNull(),
  finishedAt: moment("finished_at"),
  leaseUntil: moment("lease_until").notNull(),
});

export const subscription = tallystick.table("subscription", {
  id: identity(),
  provider: text().notNull(),
  subscriptionId: text("subscription_id").notNull(),
  customerId: text("customer_id"),
  userId: text("user_id"),
  priceId: text("price_id"),
  planId: text("plan_id"),
  quantity: count("quantity").notNull().default(1),
  status: text().notNull(),
  currentPeriodStart: moment("current_period_start"),
  currentPeriodEnd: moment("current_period_end"),
  cancelAtPeriodEnd: boolean("cancel_at_period_end").notNull().default(false),
  cancelAt: moment("cancel_at"),
  canceledAt: moment("canceled_at"),
  endedAt: moment("ended_at"),
  trialEnd: moment("trial_end"),
  onePlan: boolean("one_plan").notNull().default(true),
  asOf: moment("as_of"),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const autoTopUp = tallystick.table("auto_top_up", {
  accountId: count("account_id").primaryKey(),
  userId: text("user_id").notNull(),
  provider: text().notNull(),
  priceId: text("price_id").notNull(),
  quantity: integer().notNull(),
  below: count("below").notNull(),
  maxPerMonth: integer("max_per_month").notNull(),
  failures: integer().notNull().default(0),
  retryAt: moment("retry_at"),
  suspendedAt: moment("suspended_at"),
  checkAt: moment("check_at"),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const autoTopUpAttempt = tallystick.table("auto_top_up_attempt", {
  id: identity(),
  accountId: count("account_id").notNull(),
  userId: text("user_id").notNull(),
  provider: text().notNull(),
  priceId: text("price_id").notNull(),
  quantity: integer().notNull(),
  key: uuid().notNull().defaultRandom(),
  status: text().notNull().default("pending"),
  reason: text(),
  invoiceId: text("invoice_id"),
  payUrl: text("pay_url"),
  taskId: count("task_id"),
  expiresAt: moment("expires_at"),
  createdAt: moment("created_at").notNull(),
  finishedAt: moment("finished_at"),
});

export const notification = tallystick.table("notification", {
  id: identity(),
  messageKey: text("message_key").notNull(),
  channel: text().notNull(),
  kind: text().notNull(),
  severity: text().notNull(),
  title: text().notNull(),
  body: text().notNull(),
  fields: jsonb().notNull().default([]),
  status: text().notNull().default("pending"),
  createdAt: moment("created_at").notNull(),
  sentAt: moment("sent_at"),
  groupKey: text("group_key"),
  gatheredAt: moment("gathered_at"),
  toldBy: count("told_by"),
  userId: text("user_id"),
  custom: boolean().notNull().default(false),
});

export const taskKey = tallystick.table("task_key", {
  digest: uuid().primaryKey(),
  taskId: count("task_id").notNull(),
});

export const notificationTold = tallystick.table("notification_told", {
  digest: uuid().primaryKey(),
});

export const creditOutboxConsumer = tallystick.table("credit_outbox_consumer", {
  name: text().primaryKey(),
  eventTypes: text("event_types").array().notNull(),
  entryTypes: text("entry_types").array().notNull(),
  seen: jsonb().notNull().default({}),
  updatedAt: moment("updated_at").notNull(),
});

export const creditOutbox = tallystick.table("credit_outbox", {
  consumer: text().notNull(),
  accountId: count("account_id").notNull(),
  seq: count("seq").notNull(),
  entryId: count("entry_id").notNull(),
  entryType: text("entry_type").notNull(),
  retryAt: moment("retry_at").notNull(),
  attempts: integer().notNull().default(0),
  lastError: text("last_error"),
});

export const webhookEndpoint = tallystick.table("webhook_endpoint", {
  id: identity(),
  url: text().notNull(),
  description: text(),
  types: text().array(),
  userId: text("user_id"),
  secret: text().notNull(),
  previousSecret: text("previous_secret"),
  previousSecretUntil: moment("previous_secret_until"),
  status: text().notNull().default("enabled"),
  disabledReason: text("disabled_reason"),
  failingSince: moment("failing_since"),
  pausedUntil: moment("paused_until"),
  actor: text().notNull(),
  createdAt: moment("created_at").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

export const outgoingEvent = tallystick.table("outgoing_event", {
  id: identity(),
  eventKey: text("event_key").notNull(),
  webhookId: text("webhook_id").notNull(),
  type: text().notNull(),
  userId: text("user_id"),
  data: jsonb(),
  occurredAt: moment("occurred_at").notNull(),
  createdAt: moment("created_at").notNull(),
});

export const outgoingDelivery = tallystick.table("outgoing_delivery", {
  id: identity(),
  eventId: count("event_id").notNull(),
  endpointId: count("endpoint_id").notNull(),
  taskId: count("task_id").notNull(),
  status: text().notNull().default("pending"),
  createdAt: moment("created_at").notNull(),
  finishedAt: moment("finished_at"),
});

export const outgoingAttempt = tallystick.table("outgoing_attempt", {
  id: identity(),
  deliveryId: count("delivery_id").notNull(),
  statusCode: integer("status_code"),
  error: text(),
  durationMs: integer("duration_ms").notNull(),
  createdAt: moment("created_at").notNull(),
});
