// tallystick alerts USER
import type { AlertRule } from "../credits/alert-rules.ts";
import { readNumber, UsageError, type Arguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { pairs, table } from "./table.ts";

export const alerts: Command = {
  name: "alerts",
  summary: "What a user is alerted to and was told; with rules, sets the user's own.",
  parameters: ["USER"],
  options: {
    low: { type: "string", value: "AMOUNT", help: "Alert when fewer are available." },
    "low-percent": { type: "string", value: "N", help: "Alert when less than N percent of the last refill is." },
    exhausted: { type: "boolean", help: "Alert when nothing is." },
    "expiring-days": { type: "string", value: "N", help: "Alert N days before a lot expires." },
    off: { type: "boolean", help: "Alert to nothing." },
    default: { type: "boolean", help: "Go back to the product's rules." },
    ...unitOption,
  },
  prepare(given) {
    const rules = readRules(given);
    return async ({ tally }) => {
      const account = { userId: given.parameter("USER"), unit: given.option("unit") };
      const result =
        rules === undefined
          ? await tally.credits.alerts(account)
          : await tally.credits.setAlerts({ ...account, rules });
      const summary = pairs([
        ["user", result.userId],
        ["unit", result.unit],
        [
          "rules",
          `${result.rules.map(ruleText).join(", ") || "none"} (${result.own ? "the user's own" : "the product's"})`,
        ],
      ]);
      const rows = result.recent.map((alert) => [
        alert.at,
        alert.kind,
        alert.kind === "low" ? alert.available : alert.kind === "expiring" ? alert.amount : 0,
        alert.kind === "expiring" ? alert.expiresAt : null,
      ]);
      return {
        data: result,
        text: `${summary}\n\n${table(["at", "alert", "amount", "expires"], rows, "No alerts yet.")}`,
      };
    };
  },
};

/** Undefined: none were given, and nothing is set. */
function readRules(given: Arguments): readonly AlertRule[] | null | undefined {
  const amount = readNumber("low", given.option("low"), Number.MAX_SAFE_INTEGER);
  const percent = readNumber("low-percent", given.option("low-percent"), 99);
  const days = readNumber("expiring-days", given.option("expiring-days"), 3650);
  const rules: AlertRule[] = [
    ...(amount === undefined ? [] : [{ kind: "low" as const, amount }]),
    ...(percent === undefined ? [] : [{ kind: "low" as const, percent }]),
    ...(given.flag("exhausted") ? [{ kind: "exhausted" as const }] : []),
    ...(days === undefined ? [] : [{ kind: "expiring" as const, days }]),
  ];
  const choices = [rules.length > 0, given.flag("off"), given.flag("default")].filter(Boolean).length;
  if (choices > 1) throw new UsageError("Give rules, --off or --default, one of them.");
  if (given.flag("off")) return [];
  if (given.flag("default")) return null;
  return rules.length > 0 ? rules : undefined;
}

function ruleText(rule: AlertRule): string {
  if (rule.kind === "exhausted") return "exhausted";
  if (rule.kind === "expiring") return `expiring in ${rule.days} days`;
  return "amount" in rule ? `low below ${rule.amount}` : `low below ${rule.percent}%`;
}
