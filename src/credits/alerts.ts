// Alerts of an account: what it is told about, and what it was told. The crossings themselves are noted by the database, in
// the transaction that crosses.
import type { Database } from "../db/database.ts";
import type { Announcement } from "../kernel/announcement.ts";
import { checkAlertRules, type AlertRule } from "./alert-rules.ts";
import { callFunction, target, type WriteOptions } from "./context.ts";
import { checkAccount, type AccountInput } from "./input.ts";

interface AlertBase {
  /** Names the crossing: the same in every try to tell of it. */
  readonly key: string;
  readonly userId: string;
  readonly unit: string;
  readonly at: Date;
}

export type Alert = AlertBase &
  (
    | {
        readonly kind: "low";
        /** What was available when the level was crossed. */
        readonly available: number;
        /** The level crossed, in credits. */
        readonly level: number;
        /** The rule's percentage; null when it was an amount. */
        readonly percent: number | null;
      }
    | { readonly kind: "exhausted" }
    | {
        readonly kind: "expiring";
        readonly lotId: string;
        /** What remained of the lot. */
        readonly amount: number;
        readonly expiresAt: Date;
        readonly days: number;
      }
  );

export interface AccountAlerts {
  readonly userId: string;
  readonly unit: string;
  /** False when the rules are the product's. */
  readonly own: boolean;
  readonly rules: readonly AlertRule[];
  /** The newest alerts, at most 20, newest first. */
  readonly recent: readonly Alert[];
}

export interface SetAlertsInput extends AccountInput {
  /** The account's own rules in place of the product's; an empty list switches alerts off, null goes back to the product's. */
  readonly rules: readonly AlertRule[] | null;
}

/** Reads the rules in force for an account and its newest alerts. An unknown account has the product's rules. */
export async function alerts(database: Database, input: AccountInput, options?: WriteOptions): Promise<AccountAlerts> {
  checkAccount(input);
  const parameters = { p_user_id: input.userId, p_unit: input.unit };
  return accountAlerts(await callFunction(target(database, options), "account_alerts", parameters));
}

/**
 * Sets an account's rules in one statement, under its lock, and creates the account at its first write. A rule that the
 * account already stands below tells nothing: it has to rise above it first, and so with lots whose moment is past.
 * @throws invalid_request, lock_timeout
 */
export async function setAlerts(
  database: Database,
  input: SetAlertsInput,
  options?: WriteOptions,
): Promise<AccountAlerts> {
  checkAccount(input);
  const rules = input.rules === null ? null : JSON.stringify(checkAlertRules(input.rules));
  const parameters = { p_user_id: input.userId, p_rules: rules, p_unit: input.unit };
  return accountAlerts(await callFunction(target(database, options), "set_account_alerts", parameters));
}

interface StoredAccountAlerts extends Omit<AccountAlerts, "recent"> {
  readonly recent: readonly StoredAlert[];
}

function accountAlerts({ userId, unit, own, rules, recent }: StoredAccountAlerts): AccountAlerts {
  return { userId, unit, own, rules, recent: recent.map(readAlert) };
}

export interface StoredAlert {
  readonly id: number;
  readonly kind: Alert["kind"];
  readonly userId: string;
  readonly unit: string;
  readonly level: number;
  readonly percent: number | null;
  readonly available: number;
  readonly lotId: string;
  readonly days: number;
  readonly amount: number;
  readonly expiresAt: string;
  readonly at: string;
}

/** An alert as callers see it, from what is stored of it. */
export function readAlert(stored: StoredAlert): Alert {
  const { id, kind, userId, unit, level, percent, available, lotId, days, amount } = stored;
  const base = { key: `credits.${kind}:${id}`, userId, unit, at: new Date(stored.at) };
  switch (kind) {
    case "low":
      return { ...base, kind, available, level, percent };
    case "exhausted":
      return { ...base, kind };
    case "expiring":
      return { ...base, kind, lotId, amount, expiresAt: new Date(stored.expiresAt), days };
  }
}

/** What is announced of an alert: the same facts. */
export function announcementOf(alert: Alert): Announcement {
  const { key, userId, unit } = alert;
  switch (alert.kind) {
    case "low": {
      const { available, level, percent } = alert;
      return { kind: "credits.low", key, userId, unit, available, level, percent };
    }
    case "exhausted":
      return { kind: "credits.exhausted", key, userId, unit };
    case "expiring": {
      const { amount, expiresAt } = alert;
      return { kind: "credits.expiring", key, userId, unit, amount, expiresAt };
    }
  }
}
