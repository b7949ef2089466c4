// What a product configures, checked once when it starts.
import type { DefaultAlertRule } from "./credits/alert-rules.ts";
import type { Alert } from "./credits/alerts.ts";
import type { NotificationTemplates } from "./notification/custom-templates.ts";
import type { NotificationTarget } from "./notification/routing.ts";
import type { DatabaseSource, Queryable } from "./db/database.ts";
import type { SealOptions } from "./credits/seal/keys.ts";
import { TallystickError } from "./kernel/errors.ts";
import type { Logger } from "./kernel/logger.ts";
import type { Telemetry } from "./kernel/telemetry.ts";
import type { Catalog } from "./payment/catalog.ts";
import type { EventHooks } from "./outgoing/hooks.ts";
import type { EndpointRules } from "./outgoing/index.ts";
import type { PaymentProvider } from "./payment/provider.ts";
import type { RetryPolicy } from "./tasks/retry-policy.ts";
import type { TaskDefinition } from "./tasks/task.ts";
import type { Driver } from "./tasks/wake.ts";

export interface AuthOptions {
  /** Secrets that a cron caller may send as `Authorization: Bearer`; several while one is rotated. */
  readonly cronSecrets?: readonly string[] | undefined;
  /** The user name and password that a cron caller may send as `Authorization: Basic`. */
  readonly cronBasic?: { readonly username: string; readonly password: string } | undefined;
  /** Secrets that a scraper of metrics may send as `Authorization: Bearer`. */
  readonly metricsSecrets?: readonly string[] | undefined;
  /** Keys that open the REST API, as `Authorization: Bearer`. */
  readonly apiKeys?: readonly string[] | undefined;
}

export interface TallystickOptions {
  /** A connection string, a pg Pool, or a Drizzle database on Postgres. */
  readonly database: DatabaseSource;
  /** Connections of the pool that a connection string opens: 5, or 1 on serverless. */
  readonly poolSize?: number | undefined;
  /**
   * Statements are parsed once for each connection and not at each use. Of a connection string or a pg Pool; not through a
   * pooler that knows no prepared statements, such as PgBouncer before 1.21. Default false.
   */
  readonly preparedStatements?: boolean | undefined;
  readonly catalog: Catalog;
  /** Where payments are told from; each event and payment keeps its provider's name. */
  readonly payment?: PaymentProvider | readonly PaymentProvider[] | undefined;
  /** Of credits that were spent when their payment goes back: they stay as debt (default), or are forgiven. */
  readonly returnPolicy?: "debt" | "forgive" | undefined;
  /** Where announcements go. A channel takes everything; a route takes what it says. */
  readonly notifications?: readonly NotificationTarget[] | undefined;
  /** The product's own words for announcements, by kind and language; the built-in ones stand in when they throw. */
  readonly templates?: NotificationTemplates | undefined;
  /** Days for which the text of a sent notification is kept; default 90. false: for ever. Its key is kept for ever. */
  readonly notificationDays?: number | false | undefined;
  /** Days for which a task that was done or cancelled is kept with its attempts; default 30. false: for ever. Its dedupe key is kept for ever. */
  readonly taskDays?: number | false | undefined;
  /** Days for which the body of a payment event that has had its effect is kept, and its task; default 90. false: for ever. That it came is kept for ever. */
  readonly eventDays?: number | false | undefined;
  /**
   * What accounts are alerted to, unless they have rules of their own; in force from the first migrate, tick or drain on.
   * Undefined: as it was stored last.
   */
  readonly alerts?: readonly DefaultAlertRule[] | undefined;
  /**
   * Called for each alert, in the transaction that writes its announcement: what is written through `tx` commits with it.
   * At least once each, under a stable `key`; when it throws, its own writes are undone and the alert is tried again.
   */
  readonly onAlert?: ((alert: Alert, context: { readonly tx: Queryable }) => Promise<void> | void) | undefined;
  /**
   * What the product does in its own process when something has happened, by type of event; in force from the first
   * migrate, tick or drain on. Events that only other processes have hooks for are left to those.
   */
  readonly on?: EventHooks | undefined;
  /** Rules for the endpoints that events are sent to. */
  readonly endpoints?: EndpointRules | undefined;
  /** Doors are closed unless opened here. */
  readonly auth?: AuthOptions | undefined;
  /** The product's own tasks. */
  readonly tasks?: readonly TaskDefinition[] | undefined;
  /** Who carries word of due tasks to where they run, such as `bullmq(…)`; without one they run behind the request. */
  readonly driver?: Driver | undefined;
  /** Who is told of spans and measures, such as `openTelemetry()` of tallystick/otel. */
  readonly telemetry?: Telemetry | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /**
   * At a stop, loads may run on so long before they are aborted, with no attempt counted, in milliseconds; default 8,000. A
   * process manager must wait longer than this before it kills.
   */
  readonly stopGraceMs?: number | undefined;
  /** Time for the tick that a cron endpoint makes, in milliseconds; default 25,000. Less than the function's own limit. */
  readonly cronBudgetMs?: number | undefined;
  /** A tick that comes later than this after the one before is announced as missed; default 25 hours, for a daily cron. */
  readonly maxTickGapMs?: number | undefined;
  /** Signs the journal, so that whoever can write to the database can't alter it unseen. Without it nothing is sealed. */
  readonly seal?: SealOptions | undefined;
  /**
   * How often the ticks prove the ledger, and seal it when there is a key; default every 24 and every hour. A run that
   * needs longer than a tick has goes on in the next ones. false: only when asked.
   */
  readonly proof?:
    | { readonly auditHours?: number | undefined; readonly sealHours?: number | undefined }
    | false
    | undefined;
  /**
   * How often the ticks compare what the payment providers list with what is known here, where they can be asked; default
   * every 24 hours. false: only when asked.
   */
  readonly reconcile?: { readonly hours?: number | undefined } | false | undefined;
  readonly logger?: Logger | undefined;
  /** A fixed time for tests. */
  readonly clock?: (() => Date) | undefined;
}

// What a timer can wait; one that is told to wait longer ends at once.
const MAX_TIMER_MS = 2_147_483_647;

/** Checks what types can't. @throws invalid_request */
export function checkOptions(options: TallystickOptions, taskNames: readonly string[]): void {
  const twice = taskNames.find((name, index) => taskNames.indexOf(name) !== index);
  if (twice !== undefined)
    throw new TallystickError("invalid_request", `Two tasks are named ${twice}; names are unique.`);
  const { cronBudgetMs = 0 } = options;
  if (!(cronBudgetMs >= 0)) throw new TallystickError("invalid_request", "cronBudgetMs must be milliseconds from 0.");
  const { stopGraceMs = 0 } = options;
  if (!(Number.isSafeInteger(stopGraceMs) && stopGraceMs >= 0 && stopGraceMs <= MAX_TIMER_MS)) {
    throw new TallystickError("invalid_request", `stopGraceMs must be whole milliseconds from 0 to ${MAX_TIMER_MS}.`);
  }
  for (const name of ["notificationDays", "taskDays", "eventDays"] as const) {
    const { [name]: days = false } = options;
    if (days === false || (Number.isSafeInteger(days) && days >= 1 && days <= 36_500)) continue;
    throw new TallystickError("invalid_request", `${name} must be a whole number of days from 1, or false.`);
  }
}
