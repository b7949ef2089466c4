// Due periods: of full accounts, in debt, of returned payments, missed, and of accounts that somebody has locked.
import pg from "pg";
import { createCredits } from "../../src/credits/index.ts";
import { distributeAccount } from "../../src/credits/enrol.ts";
import type { Killer } from "./killers.ts";
import { ledgerOf, paid, same } from "./told.ts";

const plans = [
  { id: "keep", credits: 7, validDays: null },
  { id: "free", credits: 50, validDays: 30 },
  { id: "roll", credits: 20, validDays: null, rollover: { max: 5, min: 1 } },
];
const at = (text: string): number => Date.parse(`${text}Z`);

export const dueScenarios: readonly Killer[] = [
  {
    name: "a period that would exceed 2^53-1 waits, and so do plans that the catalog lost, without keeping others waiting",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      for (const userId of ["full", "lost", "full", "poor"]) {
        await credits.enrol({ userId, planId: userId === "lost" ? "free" : "keep" });
      }
      await credits.grant({ userId: "full", amount: Number.MAX_SAFE_INTEGER - 7 - 7, type: "adjustment" });
      await world.setClock(at("2026-05-01T00:00"));
      const later = createCredits(world.database, plans.slice(0, 1));
      const told: unknown[] = [];
      for (const batchSize of [1, 2]) told.push(await later.distribute({ batchSize }));
      // Says that it enrolled, and grants what there is room for: nothing.
      const { created } = await credits.enrol({ userId: "full", planId: "roll" });
      told.push(created, (await credits.balance({ userId: "full" })).balance);
      same("told", told, [
        { count: 4, credits: 28, remaining: 1, unknownPlans: ["free"] },
        { count: 0, credits: 0, remaining: 1, unknownPlans: ["free"] },
        true,
        9007199254740991,
      ]);
      same("ledger", await ledgerOf(world), [
        "full#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 7 02-01 00:00..-",
        "lost#1 monthly_refresh 50 after 50 at 02-01 00:00 enrolment:n:0 free lot 50 02-01 00:00..03-03 00:00",
        "poor#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 7 02-01 00:00..-",
        "full#2 adjustment 9007199254740977 after 9007199254740984 at 02-01 00:00 lot 9007199254740977 02-01 00:00..-",
        "full#3 monthly_refresh 7 after 9007199254740991 at 05-01 00:00 enrolment:n:1 keep lot 7 05-01 00:00..-",
        "poor#2 monthly_refresh 7 after 14 at 05-01 00:00 enrolment:n:1 keep lot 7 05-01 00:00..-",
        "poor#3 monthly_refresh 7 after 21 at 05-01 00:00 enrolment:n:2 keep lot 7 05-01 00:00..-",
        "poor#4 monthly_refresh 7 after 28 at 05-01 00:00 enrolment:n:3 keep lot 7 05-01 00:00..-",
        "full 9007199254740991 debt 0 shown 9007199254740991 9007199254740991 held 0 changes -",
        "lost 50 debt 0 shown 50 50 held 0 changes 03-03 00:00",
        "poor 28 debt 0 shown 28 28 held 0 changes -",
        "enrolment full keep from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment lost free from 02-01 00:00 0 next 1 due 03-01 00:00 ends 03-01 00:00 gave 50",
        "enrolment poor keep from 02-01 00:00 0 next 4 due 06-01 00:00 ends 06-01 00:00 gave 7",
        "enrolment full roll from 05-01 00:00 0 next 0 due 05-01 00:00 ends 05-01 00:00 gave 0",
      ]);
    },
  },
  {
    name: "what a period grants pays debt first, and is shown as it is then",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      await paid(world, plans, { fact: "a", paymentId: 5 });
      await credits.enrol({ userId: "ann", planId: "free" });
      await credits.consume({ userId: "ann", amount: 57 });
      await credits.settleReturns({ paymentId: "5", paid: 1, returned: 1 });
      await credits.enrol({ userId: "bob", planId: "free" });
      await world.setClock(at("2026-02-20T00:00"));
      await paid(world, plans, { fact: "b", paymentId: 6, userId: "bob", planId: "free" });
      await world.setClock(at("2026-03-01T00:00"));
      await credits.distribute();
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 5 keep lot 0 02-01 00:00..- of 5",
        "ann#2 monthly_refresh 50 after 57 at 02-01 00:00 enrolment:n:0 free lot 0 02-01 00:00..03-03 00:00",
        "ann#3 usage -57 after 0 at 02-01 00:00",
        "ann#4 clawback -7 after -7 at 02-01 00:00 payment 5",
        "bob#1 monthly_refresh 50 after 50 at 02-01 00:00 enrolment:n:0 free lot 50 02-01 00:00..03-03 00:00",
        "bob#2 subscription_renewal 50 after 100 at 02-20 00:00 enrolment:n:0 payment 6 free lot 50 02-20 00:00..03-22 00:00 of 6",
        "ann#5 monthly_refresh 50 after 43 at 03-01 00:00 enrolment:n:1 free lot 43 03-01 00:00..03-31 00:00",
        "bob#3 monthly_refresh 50 after 150 at 03-01 00:00 enrolment:n:1 free lot 50 03-01 00:00..03-31 00:00",
        "ann#6 subscription_renewal 7 after 50 at 03-01 00:00 enrolment:n:1 payment 5 keep lot 0 03-01 00:00..- of 5",
        "ann#7 clawback -7 after 43 at 03-01 00:00 payment 5",
        "ann 43 debt 0 shown 43 43 held 0 changes 03-31 00:00",
        "bob 150 debt 0 shown 150 150 held 0 changes 03-03 00:00",
        "enrolment ann keep from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment ann free from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 50",
        "enrolment bob free from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 50",
        "enrolment bob free from 02-20 00:00 0 3 next 1 due 03-20 00:00 ends 03-20 00:00 gave 50",
      ]);
    },
  },
  {
    name: "what is due of a returned payment is granted and taken back at once, behind all others",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      for (const [index, userId] of ["ann", "bob", "cat", "dan"].entries()) {
        await paid(world, plans, { fact: userId, userId, paymentId: index + 1 });
      }
      await credits.settleReturns({ paymentId: "1", paid: 2, returned: 1 });
      await credits.settleReturns({ paymentId: "2", paid: 2, returned: 2 });
      await credits.settleReturns({ paymentId: "3", paid: 2, returned: 0 });
      await credits.enrol({ userId: "eve", planId: "keep" });
      await world.setClock(at("2026-04-01T00:00"));
      same("told", await credits.distribute({ batchSize: 2 }), {
        count: 10,
        credits: 70,
        remaining: 0,
        unknownPlans: [],
      });
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 1 keep lot 0 02-01 00:00..- of 1",
        "bob#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 2 keep lot 0 02-01 00:00..- of 2",
        "cat#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 3 keep lot 7 02-01 00:00..- of 3",
        "dan#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 4 keep lot 7 02-01 00:00..- of 4",
        "ann#2 clawback -3 after 4 at 02-01 00:00 payment 1",
        "bob#2 clawback -7 after 0 at 02-01 00:00 payment 2",
        "eve#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 7 02-01 00:00..-",
        "cat#2 subscription_renewal 7 after 14 at 04-01 00:00 enrolment:n:1 payment 3 keep lot 7 04-01 00:00..- of 3",
        "dan#2 subscription_renewal 7 after 14 at 04-01 00:00 enrolment:n:1 payment 4 keep lot 7 04-01 00:00..- of 4",
        "cat#3 subscription_renewal 7 after 21 at 04-01 00:00 enrolment:n:2 payment 3 keep lot 7 04-01 00:00..- of 3",
        "eve#2 monthly_refresh 7 after 14 at 04-01 00:00 enrolment:n:1 keep lot 7 04-01 00:00..-",
        "dan#3 subscription_renewal 7 after 21 at 04-01 00:00 enrolment:n:2 payment 4 keep lot 7 04-01 00:00..- of 4",
        "eve#3 monthly_refresh 7 after 21 at 04-01 00:00 enrolment:n:2 keep lot 7 04-01 00:00..-",
        "ann#3 subscription_renewal 7 after 11 at 04-01 00:00 enrolment:n:1 payment 1 keep lot 4 04-01 00:00..- of 1",
        "ann#4 clawback -4 after 7 at 04-01 00:00 payment 1",
        "bob#3 subscription_renewal 7 after 7 at 04-01 00:00 enrolment:n:1 payment 2 keep lot 0 04-01 00:00..- of 2",
        "bob#4 clawback -7 after 0 at 04-01 00:00 payment 2",
        "ann#5 subscription_renewal 7 after 14 at 04-01 00:00 enrolment:n:2 payment 1 keep lot 7 04-01 00:00..- of 1",
        "ann#6 clawback -3 after 11 at 04-01 00:00 payment 1",
        "bob#5 subscription_renewal 7 after 7 at 04-01 00:00 enrolment:n:2 payment 2 keep lot 0 04-01 00:00..- of 2",
        "bob#6 clawback -7 after 0 at 04-01 00:00 payment 2",
        "ann 11 debt 0 shown 11 11 held 0 changes -",
        "bob 0 debt 0 shown 0 0 held 0 changes -",
        "cat 21 debt 0 shown 21 21 held 0 changes -",
        "dan 21 debt 0 shown 21 21 held 0 changes -",
        "eve 21 debt 0 shown 21 21 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 3 next 3 due - ends 05-01 00:00 gave 7",
        "enrolment bob keep from 02-01 00:00 0 3 next 3 due - ends 05-01 00:00 gave 7",
        "enrolment cat keep from 02-01 00:00 0 3 next 3 due - ends 05-01 00:00 gave 7",
        "enrolment dan keep from 02-01 00:00 0 3 next 3 due - ends 05-01 00:00 gave 7",
        "enrolment eve keep from 02-01 00:00 0 next 3 due 05-01 00:00 ends 05-01 00:00 gave 7",
      ]);
    },
  },
  {
    name: "an account's due periods are granted with the term that is told: all of them, and what is returned is taken back",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      await paid(world, plans, { fact: "a" });
      await paid(world, plans, { fact: "b", source: "other", planId: "free" });
      await credits.settleReturns({ paymentId: "2", paid: 2, returned: 1 });
      await credits.settleReturns({ paymentId: "1", paid: 2, returned: 1 });
      await world.setClock(at("2026-03-31T23:59"));
      const later = plans.slice(0, 1);
      await world.database.transaction(async (tx) => {
        const [account] = await tx.query<{ id: number }>("select id from tallystick.user_credit for update");
        await distributeAccount(tx, later, String(account?.id));
      });
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 1 keep lot 3 02-01 00:00..- of 1",
        "ann#2 subscription_renewal 50 after 57 at 02-01 00:00 enrolment:n:0 payment 1 free lot 22 02-01 00:00..03-03 00:00 of 1",
        "ann#3 clawback -28 after 29 at 02-01 00:00 payment 1",
        "ann#4 subscription_renewal 7 after 36 at 03-31 23:59 enrolment:n:1 payment 1 keep lot 7 03-31 23:59..- of 1",
        "ann#5 clawback -4 after 32 at 03-31 23:59 payment 1",
        "ann 32 debt 0 shown 10 10 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment ann free from 02-01 00:00 0 3 next 1 due 03-01 00:00 ends 03-01 00:00 gave 50",
      ]);
      await paid(world, later, { fact: "c", paymentId: 2, source: "third" });
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 1 keep lot 3 02-01 00:00..- of 1",
        "ann#2 subscription_renewal 50 after 57 at 02-01 00:00 enrolment:n:0 payment 1 free lot 22 02-01 00:00..03-03 00:00 of 1",
        "ann#3 clawback -28 after 29 at 02-01 00:00 payment 1",
        "ann#4 subscription_renewal 7 after 36 at 03-31 23:59 enrolment:n:1 payment 1 keep lot 7 03-31 23:59..- of 1",
        "ann#5 clawback -4 after 32 at 03-31 23:59 payment 1",
        "ann#6 subscription_renewal 7 after 39 at 03-31 23:59 enrolment:n:0 payment 2 keep lot 4 03-31 23:59..- of 2",
        "ann#7 clawback -3 after 36 at 03-31 23:59 payment 2",
        "ann 36 debt 0 shown 14 14 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment ann free from 02-01 00:00 0 3 next 1 due 03-01 00:00 ends 03-01 00:00 gave 50",
        "enrolment ann keep from 03-31 23:59 0 3 next 1 due 04-30 23:59 ends 04-30 23:59 gave 7",
      ]);
    },
  },
  {
    name: "periods of a plan that rolls over end with the period, and missed ones have ended",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      await paid(world, plans, { fact: "a", planId: "roll", periodCount: 5 });
      await credits.consume({ userId: "ann", amount: 17 });
      await world.setClock(at("2026-04-01T00:00"));
      await credits.distribute();
      await world.setClock(at("2026-05-01T00:00"));
      await credits.distribute();
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 20 after 20 at 02-01 00:00 enrolment:n:0 payment 1 roll lot 0 02-01 00:00..03-01 00:00 of 1",
        "ann#2 usage -17 after 3 at 02-01 00:00",
        "ann#3 expire -3 after 0 at 04-01 00:00",
        "ann#4 rollover 3 after 3 at 04-01 00:00 rollover:n:1 payment 1 roll lot 0 03-01 00:00..04-01 00:00 of 1",
        "ann#5 subscription_renewal 20 after 23 at 04-01 00:00 enrolment:n:1 payment 1 roll lot 0 03-01 00:00..04-01 00:00 of 1",
        "ann#6 expire -23 after 0 at 04-01 00:00",
        "ann#7 rollover 5 after 5 at 04-01 00:00 rollover:n:2 payment 1 roll lot 0 04-01 00:00..05-01 00:00 of 1",
        "ann#8 subscription_renewal 20 after 25 at 04-01 00:00 enrolment:n:2 payment 1 roll lot 0 04-01 00:00..05-01 00:00 of 1",
        "ann#9 expire -25 after 0 at 05-01 00:00",
        "ann#10 rollover 5 after 5 at 05-01 00:00 rollover:n:3 payment 1 roll lot 5 05-01 00:00..06-01 00:00 of 1",
        "ann#11 subscription_renewal 20 after 25 at 05-01 00:00 enrolment:n:3 payment 1 roll lot 20 05-01 00:00..06-01 00:00 of 1",
        "ann 25 debt 0 shown 53 53 held 0 changes 03-01 00:00",
        "enrolment ann roll from 02-01 00:00 0 5 next 4 due 06-01 00:00 ends 06-01 00:00 gave 20",
      ]);
    },
  },
  {
    name: "accounts that somebody has locked are left for later, and the others served",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      for (const userId of ["ann", "bob"])
        await paid(world, plans, { fact: userId, userId, paymentId: userId === "ann" ? 1 : 2 });
      await credits.enrol({ userId: "cat", planId: "keep" });
      await credits.enrol({ userId: "dan", planId: "keep" });
      await credits.settleReturns({ paymentId: "1", paid: 2, returned: 1 });
      await credits.settleReturns({ paymentId: "2", paid: 2, returned: 1 });
      await world.setClock(at("2026-03-01T00:00"));
      const other = new pg.Client(world.url);
      await other.connect();
      try {
        await other.query("begin; select from tallystick.user_credit where user_id in ('ann', 'cat') for update");
        same("locked", await credits.distribute({ batchSize: 1 }), {
          count: 2,
          credits: 14,
          remaining: 2,
          unknownPlans: [],
        });
        await other.query("commit");
      } finally {
        await other.end();
      }
      same("free", await credits.distribute(), { count: 2, credits: 14, remaining: 0, unknownPlans: [] });
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 1 keep lot 0 02-01 00:00..- of 1",
        "bob#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 2 keep lot 0 02-01 00:00..- of 2",
        "cat#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 7 02-01 00:00..-",
        "dan#1 monthly_refresh 7 after 7 at 02-01 00:00 enrolment:n:0 keep lot 7 02-01 00:00..-",
        "ann#2 clawback -3 after 4 at 02-01 00:00 payment 1",
        "bob#2 clawback -3 after 4 at 02-01 00:00 payment 2",
        "dan#2 monthly_refresh 7 after 14 at 03-01 00:00 enrolment:n:1 keep lot 7 03-01 00:00..-",
        "bob#3 subscription_renewal 7 after 11 at 03-01 00:00 enrolment:n:1 payment 2 keep lot 7 03-01 00:00..- of 2",
        "bob#4 clawback -4 after 7 at 03-01 00:00 payment 2",
        "cat#2 monthly_refresh 7 after 14 at 03-01 00:00 enrolment:n:1 keep lot 7 03-01 00:00..-",
        "ann#3 subscription_renewal 7 after 11 at 03-01 00:00 enrolment:n:1 payment 1 keep lot 7 03-01 00:00..- of 1",
        "ann#4 clawback -4 after 7 at 03-01 00:00 payment 1",
        "ann 7 debt 0 shown 7 7 held 0 changes -",
        "bob 7 debt 0 shown 7 7 held 0 changes -",
        "cat 14 debt 0 shown 14 14 held 0 changes -",
        "dan 14 debt 0 shown 14 14 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment bob keep from 02-01 00:00 0 3 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment cat keep from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
        "enrolment dan keep from 02-01 00:00 0 next 2 due 04-01 00:00 ends 04-01 00:00 gave 7",
      ]);
    },
  },
];
