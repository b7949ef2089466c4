// The relay of alerts: what the ledger noted is told, at least once each, in transactions of its own.
import type { Database, Queryable } from "../db/database.ts";
import { rulesByUnit, type DefaultAlertRule } from "./alert-rules.ts";
import { readAlert, type Alert, type StoredAlert } from "./alerts.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { callFunction } from "./context.ts";
import { runRelay, type RelayHook, type RelayResult } from "./relay.ts";

/** What an alert is told to: the caller's hook, and the outbox. Both in the transaction that settles the alert. */
export interface AlertListeners {
  /** Called first, each alert in a savepoint: what throws is undone, and tried again later. */
  readonly hook?: RelayHook<Alert> | undefined;
  /** The types of events that the hook is for. Alerts whose hook only other processes have are left to those. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Writes the announcement. */
  readonly announce: (tx: Queryable, alert: Alert) => Promise<void>;
  readonly onHookFailure: (alert: Alert, error: unknown) => void;
}

export interface WatchResult {
  /** Accounts brought to rules of the product that are new. */
  readonly updated: number;
  /** Lots found that expire soon. */
  readonly expiring: number;
}

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

interface Noted {
  readonly id: number;
  readonly alert: Alert;
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
    async relay(budget) {
      await storeRules();
      const { hook, eventTypes = [], announce, onHookFailure } = listeners;
      return runRelay<Noted>(
        database,
        {
          isDue: async () => callFunction<boolean>(database, "alerts_are_due", { p_event_types: eventTypes }),
          async claim(tx, batchSize) {
            const { claimed, alerts } = await callFunction<{ claimed: number; alerts: readonly StoredAlert[] }>(
              tx,
              "claim_alerts",
              { p_batch: batchSize, p_event_types: eventTypes },
            );
            return { claimed, items: alerts.map((row) => ({ id: row.id, alert: readAlert(row) })) };
          },
          hook: hook === undefined ? undefined : async ({ alert }, context) => hook(alert, context),
          onHookFailure: ({ alert }, error) => onHookFailure(alert, error),
          async tell(tx, items) {
            for (const { alert } of items) await announce(tx, alert);
          },
          async settle(tx, told, failures) {
            await callFunction(tx, "settle_alerts", {
              p_relayed: told.map(({ id }) => id),
              p_failed: JSON.stringify(failures.map(({ item, error }) => ({ id: item.id, error }))),
            });
          },
        },
        budget,
      );
    },
  };
}
