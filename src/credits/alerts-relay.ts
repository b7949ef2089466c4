// The relay of alerts: what the ledger noted is told, at least once each, in transactions of its own.
import type { Database, Queryable } from "../db/database.ts";
import { redactedMessage } from "../kernel/logger.ts";
import { rulesByUnit, type DefaultAlertRule } from "./alert-rules.ts";
import { readAlert, type Alert, type StoredAlert } from "./alerts.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { callFunction } from "./context.ts";

/** What an alert is told to: the caller's hook, and the outbox. Both in the transaction that settles the alert. */
export interface AlertListeners {
  /** Called first, each alert in a savepoint: what throws is undone, and tried again later. */
  readonly hook?: ((alert: Alert, context: { readonly tx: Queryable }) => Promise<void> | void) | undefined;
  /** Writes the announcement. */
  readonly announce: (tx: Queryable, alert: Alert) => Promise<void>;
  readonly onHookFailure: (alert: Alert, error: unknown) => void;
}

export interface RelayResult {
  readonly relayed: number;
  /** Alerts whose hook threw: they are tried again, after a wait that doubles up to an hour. */
  readonly failed: number;
}

export interface WatchResult {
  /** Accounts brought to rules of the product that are new. */
  readonly updated: number;
  /** Lots found that expire soon. */
  readonly expiring: number;
}

const RELAY_BATCH = 100;

export interface AlertRelay {
  /** Puts the product's rules in force; once a process. */
  storeRules(): Promise<void>;
  /** Does what time has made due: brings accounts to new rules, and notes the lots that expire soon. */
  watch(budget?: BudgetInput): Promise<WatchResult>;
  /** Tells what was noted and not told. Safe when called twice at once or stopped at any point. */
  relay(budget?: BudgetInput): Promise<RelayResult>;
}

/** Both, as a tick does. */
export async function watchAndRelay(alerts: AlertRelay, budgetMs: number): Promise<WatchResult & RelayResult> {
  return { ...(await alerts.watch({ budgetMs })), ...(await alerts.relay({ budgetMs })) };
}

/** Makes the relay. Rules that are undefined are left as they are stored. @throws invalid_request */
export function createAlertRelay(
  database: Database,
  rules: readonly DefaultAlertRule[] | undefined,
  listeners: AlertListeners,
): AlertRelay {
  const byUnit = rules === undefined ? undefined : JSON.stringify(rulesByUnit(rules));
  // Once a process: another version of the product may have stored its own since, and the one started last wins.
  let stored: Promise<unknown> | undefined;
  const storeRules = async (): Promise<void> => {
    if (byUnit === undefined) return;
    stored ??= callFunction(database, "set_default_alerts", { p_rules: byUnit });
    await stored.catch((error: unknown) => {
      stored = undefined;
      throw error;
    });
  };
  return {
    storeRules,
    async watch(budget = {}) {
      await storeRules();
      const inBatches = async (name: string): Promise<number> => {
        const { done } = await runBatches(budget, {
          runBatch: async (batchSize) => {
            const count = await callFunction<number>(database, name, { p_batch: batchSize });
            return { done: count, next: count > 0 ? {} : null };
          },
        });
        return done;
      };
      const updated = await inBatches("apply_default_alerts");
      return { updated, expiring: await inBatches("note_expiring") };
    },
    async relay(budget = {}) {
      await storeRules();
      if (!(await callFunction<boolean>(database, "alerts_are_due", {}))) return { relayed: 0, failed: 0 };
      let failed = 0;
      const { done } = await runBatches(
        { batchSize: RELAY_BATCH, ...budget },
        {
          runBatch: async (batchSize) => {
            const batch = await database.transaction(async (tx) => relayBatch(tx, batchSize, listeners));
            return { done: batch.relayed, failed: batch.failed, next: batch.claimed > 0 ? {} : null };
          },
        },
        (batch) => {
          failed += batch.failed;
        },
      );
      return { relayed: done, failed };
    },
  };
}

interface Failure {
  readonly id: number;
  readonly error: string;
}

async function relayBatch(
  tx: Queryable,
  batchSize: number,
  listeners: AlertListeners,
): Promise<RelayResult & { readonly claimed: number }> {
  const { claimed, alerts } = await callFunction<{ claimed: number; alerts: readonly StoredAlert[] }>(
    tx,
    "claim_alerts",
    { p_batch: batchSize },
  );
  const told: { readonly id: number; readonly alert: Alert }[] = [];
  const failures: Failure[] = [];
  for (const row of alerts) {
    const alert = readAlert(row);
    const error = await callHook(tx, alert, listeners);
    if (error === undefined) told.push({ id: row.id, alert });
    else failures.push({ id: row.id, error });
  }
  // After all hooks: they may lock accounts, and the outbox locks its lanes, which come after accounts. A failure here is
  // the database's and undoes the batch with its hooks.
  for (const { alert } of told) await listeners.announce(tx, alert);
  await callFunction(tx, "settle_alerts", {
    p_relayed: told.map(({ id }) => id),
    p_failed: JSON.stringify(failures),
  });
  return { claimed, relayed: told.length, failed: failures.length };
}

// Answers what went wrong, when something did. A rollback that fails throws: the transaction is gone.
async function callHook(tx: Queryable, alert: Alert, listeners: AlertListeners): Promise<string | undefined> {
  if (listeners.hook === undefined) return undefined;
  await tx.query("savepoint tallystick_alert");
  try {
    await listeners.hook(alert, { tx });
    await tx.query("release savepoint tallystick_alert");
    return undefined;
  } catch (error) {
    await tx.query("rollback to savepoint tallystick_alert");
    listeners.onHookFailure(alert, error);
    return redactedMessage(error).slice(0, 1000);
  }
}
