// Who is told of what happens: notification channels, the product's hooks and endpoints. Effects announce in their own
// transaction; what the ledger notes by itself is relayed from its outboxes.
import { announcementOf, type Alert } from "./credits/alerts.ts";
import { createAlertRelay, type AlertRelay } from "./credits/alerts-relay.ts";
import type { BudgetInput } from "./credits/batches.ts";
import { relayEntries, watchHooks } from "./credits/entry-relay.ts";
import type { RelayResult } from "./credits/relay.ts";
import type { Database, Queryable } from "./db/database.ts";
import type { Announcement, SubscriptionChanged } from "./kernel/announcement.ts";
import { isTallystickError } from "./kernel/errors.ts";
import { redactedMessage, type Logger } from "./kernel/logger.ts";
import { eventOf } from "./kernel/outgoing-event.ts";
import { checkTemplates } from "./notification/custom-templates.ts";
import { announce, type Outbox } from "./notification/outbox.ts";
import { createRouting, type Routing } from "./notification/routing.ts";
import type { TallystickOptions } from "./options.ts";
import { createOutgoing, type Outgoing } from "./outgoing/index.ts";

export interface Announcing {
  /** Announces to all, in the caller's transaction; the same key once, for ever. */
  tell(tx: Queryable, announcement: Announcement | SubscriptionChanged): Promise<void>;
  /** Which channels take what. */
  readonly routing: Routing;
  readonly alerts: AlertRelay;
  readonly outgoing: Outgoing;
  /** Puts what the product watches for in force: its alert rules and its hooks. */
  storeSubscriptions(): Promise<void>;
  /** What a tick does for events: says which hooks this process has, tells what waits, and forgets what is old. */
  maintain(budgetMs: number): Promise<RelayResult & { readonly forgotten: number }>;
  /** Tells the entries of the journal that hooks and endpoints wait for. */
  relay(budget?: BudgetInput): Promise<RelayResult>;
}

export interface AnnouncingContext {
  readonly database: Database;
  readonly logger: Logger;
  readonly maxAttempts: number;
}

/** @throws invalid_request */
export function createAnnouncing(
  options: Pick<TallystickOptions, "notifications" | "templates" | "alerts" | "onAlert" | "on" | "endpoints">,
  { database, logger, maxAttempts }: AnnouncingContext,
): Announcing {
  const outbox: Outbox = {
    routing: createRouting(options.notifications ?? []),
    templates: options.templates ?? {},
    maxAttempts,
    onTemplateFailure: ({ kind }, language, error) => {
      logger.error({ kind, language, error: redactedMessage(error) }, "a template failed; the built-in words stand in");
    },
  };
  checkTemplates(outbox.templates);
  const outgoing = createOutgoing({
    database,
    hooks: options.on ?? {},
    rules: options.endpoints ?? {},
    maxAttempts,
    async onDisabled(tx, { id: endpointId, url, userId, reason, at }) {
      const { host } = new URL(url);
      logger.warn({ endpointId, host, reason }, "an endpoint was disabled");
      if (reason === "manual") return;
      const key = `endpoint.disabled:${endpointId}:${at.toISOString()}`;
      await tell(tx, { kind: "endpoint.disabled", key, userId, endpointId, host, reason });
    },
  });

  async function tell(tx: Queryable, announcement: Announcement | SubscriptionChanged): Promise<void> {
    await outgoing.publish(tx, announcement, async () => {
      if (announcement.kind !== "subscription.changed") await announce(tx, outbox, announcement);
    });
  }

  const eventOfAlert = (alert: Alert) => eventOf(announcementOf(alert), alert.at);
  const hooksAlerts = ["credits.low", "credits.exhausted", "credits.expiring"] as const;
  const hooked = options.onAlert !== undefined || hooksAlerts.some((type) => outgoing.hookedTypes.includes(type));
  const alerts = createAlertRelay(database, options.alerts, {
    hook: hooked
      ? async (alert, context) => {
          await options.onAlert?.(alert, context);
          await outgoing.callHook(eventOfAlert(alert), context);
        }
      : undefined,
    eventTypes: outgoing.hookedTypes,
    async announce(tx, alert) {
      await announce(tx, outbox, announcementOf(alert));
      await outgoing.deliver(tx, [eventOfAlert(alert)]);
    },
    onHookFailure: ({ key }, error) => {
      logger.error(
        { alert: key, error: redactedMessage(error) },
        "the hook of an alert threw; the alert is tried again",
      );
    },
  });

  let stored: Promise<unknown> | undefined;
  async function storeHooks(): Promise<void> {
    // Also without a hook: one that a release has dropped must be let go in time.
    stored ??= watchHooks(database, outgoing.hookedTypes);
    await stored.catch((error: unknown) => {
      // A journal that is busy is asked again by the next tick, and not by every drain: whoever asks holds its writers up.
      if (!isTallystickError(error) || error.code !== "lock_timeout") stored = undefined;
      throw error;
    });
  }

  const onHookFailure = ({ key }: { readonly key: string }, error: unknown): void => {
    logger.error({ event: key, error: redactedMessage(error) }, "a hook threw; the event is tried again");
  };
  const relay: Announcing["relay"] = async (budget) => {
    await storeHooks();
    const toHooks = {
      eventTypes: outgoing.hookedTypes,
      hook: outgoing.callHook,
      onHookFailure,
      tell: async () => undefined,
    };
    const hooks = await relayEntries(database, "hooks", toHooks, budget);
    const toEndpoints = { onHookFailure, tell: outgoing.deliver };
    const endpoints = await relayEntries(database, "endpoints", toEndpoints, budget);
    return { relayed: hooks.relayed + endpoints.relayed, failed: hooks.failed };
  };
  return {
    tell,
    routing: outbox.routing,
    alerts,
    outgoing,
    async storeSubscriptions() {
      await alerts.storeRules();
      await storeHooks();
    },
    relay,
    async maintain(budgetMs) {
      // Seen again in every tick, so that a hook is known to be in use.
      stored = undefined;
      return { ...(await relay({ budgetMs })), ...(await outgoing.maintain(budgetMs)) };
    },
  };
}
