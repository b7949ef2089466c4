// The composition: every part below is made here and handed its neighbours as arguments, so that none imports another.
import { createAnnouncing } from "./announcing.ts";
import { watchAndRelay } from "./credits/alerts-relay.ts";
import { createCredits, type Credits } from "./credits/index.ts";
import { createProof } from "./credits/audit/proof.ts";
import { sealKeys } from "./credits/seal/keys.ts";
import { connect } from "./db/database.ts";
import type { MigrateResult, MigrationState } from "./db/migrate.ts";
import { TallystickError } from "./kernel/errors.ts";
import type { Metric } from "./kernel/metric.ts";
import { silentLogger } from "./kernel/logger.ts";
import { deliverTask } from "./notification/deliver.ts";
import { checkOptions, type TallystickOptions } from "./options.ts";
import type { Endpoints } from "./outgoing/index.ts";
import { createBilling, type Billing } from "./payment/billing/index.ts";
import { paymentEventTask } from "./payment/handle-event.ts";
import {
  createInbox,
  listEvents,
  replayEvent,
  type EventStatus,
  type EventView,
  type ReceiveOutcome,
} from "./payment/inbox.ts";
import { checkCatalog, type CatalogCheck } from "./payment/check-catalog.ts";
import { deferredRevenue, type DeferredRevenueInput, type DeferredRevenuePage } from "./payment/deferred-revenue.ts";
import { linkCustomer } from "./payment/owner.ts";
import type { SetUpResult } from "./payment/provider-queries.ts";
import { createProviders } from "./payment/providers.ts";
import { beginTopUps } from "./payment/top-up/relay.ts";
import { topUpTask } from "./payment/top-up/task.ts";
import { createReconciling } from "./payment/reconcile/maintenance.ts";
import { reconcile, type ReconcileInput, type ReconcileReport } from "./payment/reconcile/reconcile.ts";
import { readMetrics } from "./metrics.ts";
import { createRetention } from "./retention.ts";
import { createDrain, type DrainInput, type DrainResult } from "./tasks/drain.ts";
import { createDriving } from "./tasks/driving.ts";
import { createTasks, type Tasks } from "./tasks/index.ts";
import type { ListInput, Page } from "./tasks/inspect.ts";
import { createAttemptCounter } from "./tasks/measures.ts";
import { defaultRetryPolicy } from "./tasks/retry-policy.ts";
import { checkSchedule, isScheduled } from "./tasks/schedules.ts";
import { checkBatchSize, type TaskDefinition } from "./tasks/task.ts";
import { tellOfDeath, tellOfLateness, tellOfMissedEvents, tellOfViolations } from "./telling.ts";
import { tick, type TickInput, type TickPlan, type TickResult } from "./tasks/tick.ts";
import type { AnswerInput, WakeInput } from "./tasks/wake.ts";
import type { Worker } from "./tasks/worker.ts";
import { createUsers, type Users } from "./user-data.ts";

/** Everything but the HTTP handlers, which stand above it. */
export interface Engine {
  readonly credits: Credits;
  readonly payment: {
    /** Names of the configured providers. */
    readonly providers: readonly string[];
    /**
     * Verifies and stores a webhook's raw body; when it resolves, the event is durable. `provider` may be left out where
     * only one is configured, here and below.
     */
    handleWebhookEvent(
      body: Uint8Array | string,
      headers: Headers,
      options?: { readonly provider?: string | undefined },
    ): Promise<ReceiveOutcome>;
    /** Maps a provider's customer to a user, and reopens the customer's events that had no owner. */
    linkCustomer(input: { customerId: string; userId: string; provider?: string | undefined }): Promise<void>;
    deferredRevenue(input?: DeferredRevenueInput): Promise<DeferredRevenuePage>;
    /** Compares the catalog's prices with the providers'. */
    checkCatalog(): Promise<CatalogCheck>;
    /** Makes the catalog's missing prices at the provider, and an endpoint for its events. */
    setUp(input?: { webhookUrl?: string | undefined; provider?: string | undefined }): Promise<SetUpResult>;
    /** Compares what the provider lists with what is known here, and stores what is missing like a webhook. */
    reconcile(input: ReconcileInput & { provider?: string | undefined }): Promise<ReconcileReport>;
  };
  /** What a product calls to sell, where the provider can be asked: Stripe with a secret key. */
  readonly billing: Billing;
  /** All that is stored about a user: read out, and erased. */
  readonly users: Users;
  readonly events: {
    list(input?: ListInput<EventStatus>): Promise<Page<EventView>>;
    replay(id: string, by?: { actor?: string; reason?: string }): Promise<void>;
  };
  readonly tasks: Tasks;
  /** Where events are posted to, and the log of it. */
  readonly endpoints: Endpoints;
  /** Whether the database answers and has been migrated. @throws storage_unavailable, not_migrated */
  health(): Promise<void>;
  /** The backlog and its age, dead letters, ticks, ledger totals: read from the database; attempts: of this process. */
  metrics(): Promise<readonly Metric[]>;
  migrate(): Promise<MigrateResult>;
  /** What `migrate` would do, without doing it. */
  migrationState(): Promise<MigrationState>;
  /** Does what time has made due: schedules, expiry, distribution, tasks. Safe to call twice, late or at once. */
  tick(input?: TickInput): Promise<TickResult>;
  /** Runs due tasks within a number and a time. */
  drain(input?: DrainInput): Promise<DrainResult>;
  /**
   * Has what was enqueued run soon: the driver is handed its wakes, and without a driver it is run here, now. For the tail
   * of a request; what it misses the next tick does. @throws driver_unavailable
   */
  wake(input?: WakeInput): Promise<void>;
  /**
   * Answers a driver's wake, for a consumer that the product writes: runs what is due, looks again for what is due in a
   * moment, and hands on the wakes of what was enqueued, put off or left.
   */
  answerWake(input?: AnswerInput): Promise<DrainResult>;
  /** Answers a request of the driver's service: `handlers.driver`. @throws not_found where the driver is called by none */
  receiveWake(request: Request): Promise<Response>;
  /** Makes what the driver's service needs, such as the schedule of ticks; safe to call again. Resolves to what is there now. */
  setUpDriver(): Promise<readonly string[]>;
  /** Runs a resident worker in this process until it is stopped; with a driver that has one, the driver's. */
  run(): Worker;
  /** Stops the worker and this instance's own pool. */
  close(): Promise<void>;
}

/** Makes the engine. Opens no connection and starts no timer before it is used. @throws invalid_request */
export function createEngine(options: TallystickOptions): Engine {
  const database = connect(options.database, {
    ...(options.poolSize !== undefined && { poolSize: options.poolSize }),
    ...(options.preparedStatements !== undefined && { preparedStatements: options.preparedStatements }),
    ...(options.clock !== undefined && { clock: options.clock }),
  });
  const { catalog } = options;
  const providers = createProviders(options.payment);
  const logger = options.logger ?? silentLogger;
  const retry = { ...defaultRetryPolicy, ...options.retry };
  const announcing = createAnnouncing(options, { database, logger, maxAttempts: retry.maxAttempts });
  const { tell, alerts, outgoing, routing } = announcing;

  const { returnPolicy = "debt" } = options;
  const effects = { catalog, plans: catalog.plans, announce: tell, returnPolicy };
  const paying = { database, providers, effects, maxAttempts: retry.maxAttempts };
  // Only where somebody can be asked to charge.
  const charges = providers.all.some(({ actions }) => actions !== undefined);
  const topUps = async (budgetMs: number): Promise<{ readonly begun: number }> =>
    charges ? beginTopUps({ database, maxAttempts: retry.maxAttempts, announce: tell }, budgetMs) : { begun: 0 };
  const definitions: TaskDefinition[] = [
    deliverTask(database, routing),
    ...outgoing.tasks,
    ...(providers.all.length === 0 ? [] : [paymentEventTask(paying)]),
    ...(charges ? [topUpTask(paying)] : []),
    ...(options.tasks ?? []),
  ];
  checkOptions(
    options,
    definitions.map(({ name }) => name),
  );
  const schedules = definitions.filter(isScheduled);
  schedules.forEach(checkSchedule);
  definitions.forEach(checkBatchSize);

  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const attempts = createAttemptCounter(options.telemetry);
  const onDead = tellOfDeath(tell, logger);
  const tasks = createDrain(
    { database, definitions: byName, retry, onDead, onSettled: attempts.count },
    options.stopGraceMs,
  );
  const keys = options.seal === undefined ? undefined : sealKeys(options.seal);
  const credits = createCredits(database, catalog.plans, keys, catalog.features);
  const proof = createProof(database, keys, options.proof, tellOfViolations(tell, logger));
  const reconciling = createReconciling(database, providers.all, options.reconcile, {
    maxAttempts: retry.maxAttempts,
    onFound: tellOfMissedEvents(tell, logger),
  });
  const relays = [
    async (budgetMs: number) => (await topUps(budgetMs)).begun,
    async (budgetMs: number) => (await alerts.relay({ budgetMs })).relayed,
    async (budgetMs: number) => (await announcing.relay({ budgetMs })).relayed,
  ];
  const driving = createDriving({
    database,
    driver: options.driver,
    tasks,
    relays,
    tick: async (input) => tick(tickPlan, input),
    logger,
  });
  const tickPlan: TickPlan = {
    database,
    schedules,
    maintenance: [
      { name: "release-holds", run: async (budgetMs) => ({ ...(await credits.releaseHolds({ budgetMs })) }) },
      { name: "expire", run: async (budgetMs) => ({ ...(await credits.expire({ budgetMs })) }) },
      { name: "distribute", run: async (budgetMs) => ({ ...(await credits.distribute({ budgetMs })) }) },
      { name: "alerts", run: async (budgetMs) => ({ ...(await watchAndRelay(alerts, budgetMs)) }) },
      { name: "top-ups", run: async (budgetMs) => ({ ...(await topUps(budgetMs)) }) },
      {
        name: "outgoing",
        run: async (budgetMs) => ({ ...(await announcing.maintain(budgetMs)) }),
      },
      ...proof,
      ...reconciling,
      ...createRetention(database, options, [...byName.keys()]),
      ...driving.maintenance,
    ],
    maxAttempts: retry.maxAttempts,
    drain: driving.drain,
    maxGapMs: options.maxTickGapMs ?? 25 * 3_600_000,
    onLate: tellOfLateness(tell, logger),
  };

  const inbox = createInbox(database, retry.maxAttempts);
  return {
    credits,
    payment: {
      providers: providers.all.map(({ name }) => name),
      async handleWebhookEvent(body, headers, { provider } = {}) {
        const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
        return inbox.receive(providers.require(provider), bytes, headers);
      },
      async linkCustomer({ customerId, userId, provider }) {
        const { name } = providers.require(provider);
        await database.transaction(async (tx) => linkCustomer(tx, name, customerId, userId, { move: true }));
      },
      deferredRevenue: async (input) => deferredRevenue(database, catalog.plans, input),
      async setUp({ webhookUrl, provider } = {}) {
        const { name, setUp } = providers.require(provider);
        if (setUp !== undefined) return setUp({ prices: catalog.prices, webhookUrl });
        throw new TallystickError("not_found", `Payment provider ${name} can't be set up; give it a secret key.`);
      },
      checkCatalog: async () => checkCatalog(catalog, providers.all),
      reconcile: async ({ provider, ...input }) =>
        reconcile(database, providers.require(provider), input, retry.maxAttempts),
    },
    billing: createBilling({ database, providers, catalog }),
    users: createUsers(database, credits, providers.personalFields),
    endpoints: outgoing.endpoints,
    events: {
      list: async (input = {}) => listEvents(database, input),
      replay: async (id, by = {}) => replayEvent(database, id, by.actor ?? "api", by.reason),
    },
    tasks: createTasks(database, (name) => byName.get(name)?.maxAttempts ?? retry.maxAttempts),
    async health() {
      const { pending } = await (await import("./migrating.ts")).migrationState(database);
      if (pending.length > 0) {
        throw new TallystickError(
          "not_migrated",
          `The database lacks ${pending.join(", ")}; run \`tallystick migrate\`.`,
        );
      }
    },
    async migrate() {
      const result = await (await import("./migrating.ts")).migrate(database);
      await announcing.storeSubscriptions();
      return result;
    },
    metrics: async () => readMetrics(database, attempts, options.driver !== undefined),
    migrationState: async () => (await import("./migrating.ts")).migrationState(database),
    tick: async (input) => tick(tickPlan, input),
    drain: driving.drain,
    async wake(input) {
      await driving.wake(input);
    },
    answerWake: driving.answer,
    receiveWake: driving.receive,
    setUpDriver: driving.setUp,
    run: driving.run,
    async close() {
      try {
        await driving.close();
      } finally {
        await database.close();
      }
    },
  };
}
