// The rules of alerts, as the product's configuration and callers write them, and their check.
import { MAX_AMOUNT } from "../kernel/amount.ts";
import { checkAccount, invalid } from "./input.ts";

export type AlertRule =
  /** Fewer than so many credits are available. */
  | { readonly kind: "low"; readonly amount: number }
  /** Less than so much percent is available of what was after the last refill: a whole number, 1 to 99. */
  | { readonly kind: "low"; readonly percent: number }
  /** Nothing is available. */
  | { readonly kind: "exhausted" }
  /** A lot of which something remains expires within so many days of 24 hours. Lots valid for no longer have no alert. */
  | { readonly kind: "expiring"; readonly days: number };

/** A rule for all accounts of a unit; default `credit`. */
export type DefaultAlertRule = AlertRule & { readonly unit?: string | undefined };

const MAX_RULES = 20;
const MAX_DAYS = 3650;

/** Checks rules and answers them with nothing but what they say. @throws invalid_request */
export function checkAlertRules(rules: readonly AlertRule[]): AlertRule[] {
  if (!Array.isArray(rules) || rules.length > MAX_RULES) throw invalid(`rules must be a list of at most ${MAX_RULES}.`);
  const checked = rules.map(checkRule);
  if (new Set(checked.map((rule) => JSON.stringify(rule))).size < checked.length) {
    throw invalid("an alert rule stands twice.");
  }
  return checked;
}

function checkRule(rule: AlertRule): AlertRule {
  switch (rule.kind) {
    case "exhausted":
      return { kind: rule.kind };
    case "expiring":
      return { kind: rule.kind, days: wholeNumber("days", rule.days, MAX_DAYS) };
    case "low":
      if ("amount" in rule === "percent" in rule) throw invalid("a low rule has either an amount or a percent.");
      return "amount" in rule
        ? { kind: rule.kind, amount: wholeNumber("amount", rule.amount, MAX_AMOUNT) }
        : { kind: rule.kind, percent: wholeNumber("percent", rule.percent, 99) };
    default:
      throw invalid("the kind of an alert rule is low, exhausted or expiring.");
  }
}

function wholeNumber(name: string, value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > max) {
    throw invalid(`${name} must be a whole number from 1 to ${max}.`);
  }
  return value;
}

/** The product's rules by unit, as they are stored. @throws invalid_request */
export function rulesByUnit(rules: readonly DefaultAlertRule[]): Readonly<Record<string, AlertRule[]>> {
  const byUnit = new Map<string, AlertRule[]>();
  for (const rule of rules) {
    const unit = rule.unit ?? "credit";
    checkAccount({ userId: "any", unit });
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), rule]);
  }
  return Object.fromEntries([...byUnit].map(([unit, of]) => [unit, checkAlertRules(of)]));
}
