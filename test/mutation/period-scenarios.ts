// What a batch grants, in which order, from and until when; what it does first; and what the stored functions answer.
import { callFunction } from "../../src/credits/context.ts";
import { pauseEnrolments, resumeEnrolments } from "../../src/credits/enrolment.ts";
import { createCredits } from "../../src/credits/index.ts";
import { planTerms } from "../../src/credits/plan-terms.ts";
import type { Database } from "../../src/db/database.ts";
import type { Killer } from "./killers.ts";
import { ledgerOf, paid, same } from "./told.ts";

const plans = [
  { id: "keep", credits: 7, validDays: null },
  { id: "short", credits: 10, validDays: 10 },
  { id: "free", credits: 50, validDays: 30 },
  { id: "roll", credits: 20, validDays: null, rollover: { max: 5, min: 1 } },
];
const terms = planTerms(plans);
const at = (text: string): number => Date.parse(`2026-${text}Z`);

interface Counts {
  readonly granted: number;
  readonly credits: number;
  readonly next?: object | null;
}

/** What a stored function answers, with whether there is a next position instead of which. */
async function counted(
  database: Database,
  name: string,
  parameters: Record<string, unknown>,
): Promise<[object, string]> {
  const { next, ...counts } = await callFunction<Counts>(database, name, { p_plans: terms, ...parameters });
  return [{ ...counts, ...(next !== undefined && { more: next !== null }) }, JSON.stringify(next)];
}

export const periodScenarios: readonly Killer[] = [
  {
    name: "a batch grants one period of so many due enrolments, tells of those that missed more, and goes no further",
    run: async (world) => {
      await world.reset();
      const { database } = world;
      const credits = createCredits(database, plans);
      await world.setClock(at("02-01T00:00"));
      await credits.enrol({ userId: "ann", planId: "keep" });
      await paid(world, plans, { fact: "a", planId: "free", periodCount: 2 });
      await paid(world, plans, { fact: "b", userId: "bob", paymentId: 2, planId: "free", periodCount: 5 });
      await credits.settleReturns({ paymentId: "2", paid: 2, returned: 1 });
      await world.setClock(at("04-15T00:00"));
      const told: object[] = [(await counted(database, "distribute_returned", {}))[0]];
      let after: string | undefined;
      for (const batch of [1, 2, 2, 1]) {
        const [counts, next] = await counted(database, "distribute_credits", { p_batch: batch, p_after: after });
        told.push(counts);
        after = next === "null" ? undefined : next;
      }
      after = undefined;
      for (let call = 1; call <= 2; call += 1) {
        const [counts, next] = await counted(database, "distribute_returned", { p_after: after });
        told.push(counts);
        after = next;
      }
      told.push((await counted(database, "distribute_credits", { p_batch: 1 }))[0]);
      told.push((await counted(database, "distribute_returned", {}))[0]);
      same("told", told, [
        // Bob's, whose payment went back.
        { more: true, again: 1, credits: 50, granted: 1 },
        // Ann's two: the second period of one is its last, and over too; that of the other is followed by one that runs.
        { more: true, again: 1, credits: 7, granted: 1, returned: 0 },
        { more: true, again: 0, credits: 57, granted: 2, returned: 0 },
        { more: false, again: 0, credits: 0, granted: 0, returned: 1 },
        { more: true, again: 0, credits: 0, granted: 0, returned: 1 },
        { more: true, again: 0, credits: 50, granted: 1 },
        { more: false, credits: 0, granted: 0 },
        { more: false, again: 0, credits: 0, granted: 0 },
        { more: false, credits: 0, granted: 0 },
      ]);
    },
  },
  {
    name: "periods of an account are granted in the order in which they are due, then in that of their enrolments",
    run: async (world) => {
      await world.reset();
      const { database } = world;
      const credits = createCredits(database, plans);
      for (const userId of ["ann", "bob", "cat"]) {
        await world.setClock(at("02-10T00:00"));
        await paid(world, plans, { fact: `${userId} 1`, userId, planId: "free" });
        await world.setClock(at("02-20T00:00"));
        await paid(world, plans, { fact: `${userId} 2`, userId, source: "other" });
        await paid(world, plans, { fact: `${userId} 3`, userId, source: "third", planId: "short" });
      }
      await world.setClock(at("03-15T00:00"));
      await credits.distribute();
      // Is no longer where it was written first.
      await database.transaction(async (tx) => {
        await pauseEnrolments(tx, "other");
        await resumeEnrolments(tx, plans, "other");
      });
      // Their periods are due on 20 March, 20 March and 10 April.
      await world.setClock(at("04-15T00:00"));
      const whole: readonly (readonly [string, object])[] = [
        ["distribute_account", {}],
        ["distribute_credits", { p_batch: 1 }],
      ];
      const accounts = await database.query<{ id: number }>("select id from tallystick.user_credit order by id");
      for (const [index, [name, parameters]] of whole.entries()) {
        const own = { p_plans: terms, p_account_id: accounts[index]?.id, ...parameters };
        same(name, await callFunction<Counts>(database, name, own), { granted: 3, credits: 67 });
      }
      await credits.distribute();
      const rows = await database.query<{ line: string }>(
        `select concat_ws(' ', user_id, entry.seq, amount, balance_after) as line from tallystick.credit_transaction entry
         join tallystick.user_credit account on account.id = account_id where entry.seq > 4 order by user_id, entry.seq`,
      );
      same(
        "order",
        rows.map(({ line }) => line),
        ["ann", "bob", "cat"].flatMap((userId) =>
          ["5 7 124", "6 10 134", "7 50 184"].map((entry) => `${userId} ${entry}`),
        ),
      );
    },
  },
  {
    name: "holds that are over pay what is owed before a period does, and a period pays the last credit of it",
    run: async (world) => {
      await world.reset();
      const { database } = world;
      const credits = createCredits(database, plans);
      await world.setClock(at("02-01T00:00"));
      for (const [userId, payment, amount] of [
        ["ann", 1, 10],
        ["bob", 2, 1],
      ] as const) {
        await credits.enrol({ userId, planId: "keep" });
        await credits.consume({ userId, amount: 7 });
        const grant = { p_user_id: userId, p_amount: amount, p_type: "purchase_package", p_payment_id: payment };
        await callFunction(database, "grant_credits", grant);
      }
      await credits.hold({ userId: "ann", amount: 10 });
      await credits.consume({ userId: "bob", amount: 1 });
      for (const paymentId of ["1", "2"]) await credits.settleReturns({ paymentId, paid: 1, returned: 1 });
      await world.setClock(at("03-01T00:00"));
      for (let call = 1; call <= 2; call += 1) await counted(database, "distribute_credits", { p_batch: 1 });
      same("ledger", await ledgerOf(world), [
        "ann#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 0 02-01 00:00..-",
        "ann#2 usage -7 after 0 at 02-01 00:00",
        "ann#3 purchase_package 10 after 10 at 02-01 00:00 payment 1 lot 0 02-01 00:00..- of 1",
        "bob#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 0 02-01 00:00..-",
        "bob#2 usage -7 after 0 at 02-01 00:00",
        "bob#3 purchase_package 1 after 1 at 02-01 00:00 payment 2 lot 0 02-01 00:00..- of 2",
        "bob#4 usage -1 after 0 at 02-01 00:00",
        "ann#4 clawback -10 after 0 at 02-01 00:00 payment 1",
        "bob#5 clawback -1 after -1 at 02-01 00:00 payment 2",
        "ann#5 monthly_refresh 7 after 7 at 03-01 00:00 enrolment:n:1 keep lot 7 03-01 00:00..-",
        "bob#6 monthly_refresh 7 after 6 at 03-01 00:00 enrolment:n:1 keep lot 6 03-01 00:00..-",
        "ann 7 debt 0 shown 7 7 held 0 changes -",
        "bob 6 debt 0 shown 6 6 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment bob keep from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
      ]);
    },
  },
  {
    name: "a period counts from the moment it is granted or, missed, from its own, and tells the first end of several",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("02-01T00:00"));
      for (const planId of ["free", "short"]) await credits.enrol({ userId: "ann", planId });
      await credits.consume({ userId: "ann", amount: 60 });
      for (const userId of ["bob", "cat"]) {
        await paid(world, plans, { fact: userId, userId, planId: "roll", periodCount: 5 });
        await credits.consume({ userId, amount: 20 });
      }
      await world.setClock(at("03-05T00:00"));
      // An operation after the last end leaves nothing that time will change.
      for (const userId of ["ann", "bob", "cat"]) await credits.grant({ userId, amount: 1, type: "adjustment" });
      await world.setClock(at("03-10T00:00"));
      await counted(world.database, "distribute_credits", { p_batch: 3 });
      await world.setClock(at("04-01T00:00"));
      await credits.distribute();
      same("ledger", await ledgerOf(world), [
        "ann#1 monthly_refresh 50 after 50 at 02-01 00:00 enrolment:n:0 free lot 0 02-01 00:00..03-03 00:00",
        "ann#2 monthly_refresh 10 after 60 at 02-01 00:00 enrolment:n:0 short lot 0 02-01 00:00..02-11 00:00",
        "ann#3 usage -60 after 0 at 02-01 00:00",
        "bob#1 subscription_renewal 20 after 20 at 02-01 00:00 enrolment:n:0 payment 1 roll lot 0 02-01 00:00..03-01 00:00 of 1",
        "bob#2 usage -20 after 0 at 02-01 00:00",
        "cat#1 subscription_renewal 20 after 20 at 02-01 00:00 enrolment:n:0 payment 1 roll lot 0 02-01 00:00..03-01 00:00 of 1",
        "cat#2 usage -20 after 0 at 02-01 00:00",
        "ann#4 adjustment 1 after 1 at 03-05 00:00 lot 1 03-05 00:00..-",
        "bob#3 adjustment 1 after 1 at 03-05 00:00 lot 1 03-05 00:00..-",
        "cat#3 adjustment 1 after 1 at 03-05 00:00 lot 1 03-05 00:00..-",
        "bob#4 rollover 1 after 2 at 03-10 00:00 rollover:n:1 payment 1 roll lot 0 03-10 00:00..04-01 00:00 of 1",
        "ann#5 monthly_refresh 50 after 51 at 03-10 00:00 enrolment:n:1 free lot 50 03-10 00:00..04-09 00:00",
        "ann#6 monthly_refresh 10 after 61 at 03-10 00:00 enrolment:n:1 short lot 10 03-10 00:00..03-20 00:00",
        "bob#5 subscription_renewal 20 after 22 at 03-10 00:00 enrolment:n:1 payment 1 roll lot 0 03-10 00:00..04-01 00:00 of 1",
        "bob#6 expire -21 after 1 at 04-01 00:00",
        "bob#7 rollover 5 after 6 at 04-01 00:00 rollover:n:2 payment 1 roll lot 5 04-01 00:00..05-01 00:00 of 1",
        "cat#4 rollover 1 after 2 at 04-01 00:00 rollover:n:1 payment 1 roll lot 0 03-01 00:00..04-01 00:00 of 1",
        "ann#7 monthly_refresh 50 after 111 at 04-01 00:00 enrolment:n:2 free lot 50 04-01 00:00..05-01 00:00",
        "ann#8 monthly_refresh 10 after 121 at 04-01 00:00 enrolment:n:2 short lot 10 04-01 00:00..04-11 00:00",
        "bob#8 subscription_renewal 20 after 26 at 04-01 00:00 enrolment:n:2 payment 1 roll lot 20 04-01 00:00..05-01 00:00 of 1",
        "cat#5 subscription_renewal 20 after 22 at 04-01 00:00 enrolment:n:1 payment 1 roll lot 0 03-01 00:00..04-01 00:00 of 1",
        "cat#6 expire -21 after 1 at 04-01 00:00",
        "cat#7 rollover 5 after 6 at 04-01 00:00 rollover:n:2 payment 1 roll lot 5 04-01 00:00..05-01 00:00 of 1",
        "cat#8 subscription_renewal 20 after 26 at 04-01 00:00 enrolment:n:2 payment 1 roll lot 20 04-01 00:00..05-01 00:00 of 1",
        "ann 121 debt 0 shown 121 121 held 0 changes 03-20 00:00",
        "bob 26 debt 0 shown 47 47 held 0 changes 04-01 00:00",
        "cat 26 debt 0 shown 26 26 held 0 changes 05-01 00:00",
        "enrolment ann free from 02-01 00:00 0 next 3 due 05-01 00:00 ends 05-01 00:00 gave 50",
        "enrolment ann short from 02-01 00:00 0 next 3 due 05-01 00:00 ends 05-01 00:00 gave 10",
        "enrolment bob roll from 02-01 00:00 0 5 next 3 due 05-01 00:00 ends 05-01 00:00 gave 20",
        "enrolment cat roll from 02-01 00:00 0 5 next 3 due 05-01 00:00 ends 05-01 00:00 gave 20",
      ]);
    },
  },
  {
    name: "a rollover's minimum is given unless its own payment went back",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("02-01T00:00"));
      for (const [index, userId] of ["ann", "bob"].entries()) {
        await paid(world, plans, { fact: userId, userId, planId: "roll", paymentId: index + 1 });
        await credits.consume({ userId, amount: 20 });
      }
      for (const returned of [0, 1]) await credits.settleReturns({ paymentId: `${returned + 1}`, paid: 2, returned });
      await world.setClock(at("03-01T00:00"));
      await credits.distribute();
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 20 after 20 at 02-01 00:00 enrolment:n:0 payment 1 roll lot 0 02-01 00:00..03-01 00:00 of 1",
        "ann#2 usage -20 after 0 at 02-01 00:00",
        "bob#1 subscription_renewal 20 after 20 at 02-01 00:00 enrolment:n:0 payment 2 roll lot 0 02-01 00:00..03-01 00:00 of 2",
        "bob#2 usage -20 after 0 at 02-01 00:00",
        "bob#3 clawback -10 after -10 at 02-01 00:00 payment 2",
        "ann#3 rollover 1 after 1 at 03-01 00:00 rollover:n:1 payment 1 roll lot 1 03-01 00:00..04-01 00:00 of 1",
        "ann#4 subscription_renewal 20 after 21 at 03-01 00:00 enrolment:n:1 payment 1 roll lot 20 03-01 00:00..04-01 00:00 of 1",
        "bob#4 subscription_renewal 20 after 10 at 03-01 00:00 enrolment:n:1 payment 2 roll lot 0 03-01 00:00..04-01 00:00 of 2",
        "bob#5 clawback -10 after 0 at 03-01 00:00 payment 2",
        "ann 21 debt 0 shown 21 21 held 0 changes 03-01 00:00",
        "bob 0 debt 0 shown 0 0 held 0 changes -",
        "enrolment ann roll from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 20",
        "enrolment bob roll from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 20",
      ]);
    },
  },
];
