// The functions that are mutated: what burns credits down, gives them back, claws them back and counts periods.
import { creditFunctions } from "../../src/credits/functions.generated.ts";

const names: readonly (readonly [file: string, functions: readonly string[]])[] = [
  ["01_account", ["burnable_lots", "burn_plan", "draw_on_lots", "pay_shortfalls", "lost_shortfalls", "account_totals"]],
  ["03_consume", ["consume_credits"]],
  ["06_enrol", ["period_start", "has_period", "enrol_account"]],
  [
    "06_distribute",
    ["grant_periods", "distribute_credits", "distribute_returned", "distribute_account", "is_returned"],
  ],
  ["07_hold", ["settle_hold", "capture_hold"]],
  ["09_refund", ["give_back", "write_returned", "refund_debit"]],
  [
    "11_returns",
    [
      "lock_payment",
      "settle_returns",
      "settle_returns_of",
      "accounts_of_payment",
      "due_returns",
      "claw_back",
      "forgive_shortfalls",
      "reinstate",
    ],
  ],
];

export interface Target {
  /** With a number from the second of the same name on. */
  readonly name: string;
  readonly file: string;
  readonly language: "sql" | "plpgsql";
  /** The statement up to its body, the body, and what closes it. */
  readonly head: string;
  readonly body: string;
  readonly tail: string;
}

export function targets(): Target[] {
  return names.flatMap(([file, functions]) => {
    const sql = creditFunctions.find(({ name }) => name === file)?.sql ?? "";
    return functions.flatMap((name) => {
      const found = [...sql.matchAll(functionPattern(name))].map(([, head = "", body = "", tail = ""], index) => ({
        name: index === 0 ? name : `${name} ${index + 1}`,
        file,
        language: head.includes("language plpgsql") ? ("plpgsql" as const) : ("sql" as const),
        head,
        body,
        tail,
      }));
      if (found.length === 0) throw new Error(`there is no function ${name} in ${file}`);
      return found;
    });
  });
}

function functionPattern(name: string): RegExp {
  return new RegExp(
    `(create or replace function tallystick\\.${name}\\((?:(?!\\$\\$)[^])*\\$\\$)((?:(?!\\$\\$)[^])*)(\\$\\$;)`,
    "g",
  );
}
