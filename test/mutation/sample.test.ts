// A fixed sample of the mutants, one of a function, for every run of the tests; `npm run test:mutation` tries them all.
import { expect, it } from "vitest";
import { mutantsOf } from "./mutants.ts";
import { tryMutants } from "./run.ts";
import { scenarios } from "./scenarios.ts";
import { targets } from "./targets.ts";

const sample: readonly (readonly [target: string, change: string])[] = [
  ["burnable_lots", "(expiration_date is null or expiration_date {> → >=} p_now)"],
  ["burn_plan", "takes := takes || {least → greatest}(lot.free, missing);"],
  ["pay_shortfalls", "{entry.id → entry.id desc}"],
  ["lost_shortfalls", "(order by {entry.id → entry.id desc}) - p_payable"],
  ["account_totals", "hold.expires_at {<= → <} p_now"],
  ["consume_credits", "if account.cached_available {< → <=} p_amount then"],
  ["period_start", "{coalesce(p_anchor_time_zone, p_time_zone) → (p_time_zone)}"],
  ["enrol_account", "order by {ends_at desc → ends_at}"],
  ["grant_periods", "goes_on and ends_at {<= → <} p_now"],
  ["settle_hold", "order by {n → n desc}"],
  ["give_back", "order by {draw.n desc → draw.n}"],
  ["refund_debit", "{> → >=} refundable or"],
  ["due_returns", "{div("],
  ["claw_back", "{is → is not} distinct from p_told.payment_id"],
  ["forgive_shortfalls", "expiration_date {> → >=} p_now"],
  ["reinstate", "order by {entry.id desc → entry.id}"],
];

it("a mutant of each function is killed by the scenarios", async () => {
  const all = targets().flatMap(mutantsOf);
  const mutants = sample.map(([target, change]) => {
    const found = all.find((mutant) => mutant.target.name === target && mutant.name.includes(change));
    if (found === undefined) throw new Error(`${target} has no mutant ${change}`);
    return found;
  });
  const results = await tryMutants(mutants, { killers: scenarios, lanes: 1 });
  expect(results.filter(({ fate }) => fate !== "killed").map(({ mutant, fate }) => [mutant.name, fate])).toEqual([]);
}, 180_000);
