// Terms: when their periods are due, in which zone, how many there are, what a renewal continues.
import { createCredits } from "../../src/credits/index.ts";
import { endEnrolments } from "../../src/credits/enrolment.ts";
import type { Killer } from "./killers.ts";
import { ledgerOf, paid, same } from "./told.ts";

const plans = [
  { id: "keep", credits: 7, validDays: null },
  { id: "free", credits: 50, validDays: 30 },
  { id: "roll", credits: 20, validDays: null, rollover: { max: 5, min: 1 } },
];
const at = (text: string): number => Date.parse(`${text}Z`);

export const termScenarios: readonly Killer[] = [
  {
    name: "a paid term is so many periods from its anchor, each granted from its very moment on",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-01-31T14:00"));
      await credits.grant({ userId: "ann", amount: 1, type: "adjustment" });
      await credits.setTimeZone({ userId: "ann", timeZone: "Australia/Sydney" });
      await paid(world, plans, { fact: "a", quantity: 2 });
      await credits.enrol({ userId: "bob", planId: "free" });
      await world.setClock(at("2026-02-28T12:59:59.999"));
      const nothing = { count: 0, credits: 0, remaining: 0, unknownPlans: [] };
      same("nothing due", await credits.distribute({ batchSize: 1 }), nothing);
      await world.setClock(at("2026-02-28T14:00"));
      same("due", await credits.distribute({ batchSize: 1 }), { ...nothing, count: 2, credits: 64 });
      await world.setClock(at("2026-06-01T00:00"));
      same("missed", await credits.distribute({ batchSize: 1 }), { ...nothing, count: 4, credits: 164 });
      same("ledger", await ledgerOf(world), [
        "ann#1 adjustment 1 after 1 at 01-31 14:00 lot 1 01-31 14:00..-",
        "ann#2 subscription_renewal 14 after 15 at 01-31 14:00 enrolment:n:0 payment 1 keep lot 14 01-31 14:00..- of 1",
        "bob#1 monthly_refresh 50 after 50 at 01-31 14:00 enrolment:n:0 free lot 50 01-31 14:00..03-02 14:00",
        "ann#3 subscription_renewal 14 after 29 at 02-28 14:00 enrolment:n:1 payment 1 keep lot 14 02-28 14:00..- of 1",
        "bob#2 monthly_refresh 50 after 100 at 02-28 14:00 enrolment:n:1 free lot 50 02-28 14:00..03-30 14:00",
        "ann#4 subscription_renewal 14 after 43 at 06-01 00:00 enrolment:n:2 payment 1 keep lot 14 06-01 00:00..- of 1",
        "bob#3 monthly_refresh 50 after 150 at 06-01 00:00 enrolment:n:2 free lot 50 06-01 00:00..07-01 00:00",
        "bob#4 monthly_refresh 50 after 200 at 06-01 00:00 enrolment:n:3 free lot 50 06-01 00:00..07-01 00:00",
        "bob#5 monthly_refresh 50 after 250 at 06-01 00:00 enrolment:n:4 free lot 50 06-01 00:00..07-01 00:00",
        "ann 43 debt 0 shown 43 43 held 0 changes -",
        "bob 250 debt 0 shown 250 250 held 0 changes 03-02 14:00",
        "enrolment ann keep from 01-31 14:00 0 3 next 3 due - ends 04-30 15:00 gave 14",
        "enrolment bob free from 01-31 14:00 0 next 5 due 06-30 14:00 ends 06-30 14:00 gave 50",
      ]);
    },
  },
  {
    name: "a moved account keeps its anchor's day in its new zone",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-01-31T22:00"));
      await credits.grant({ userId: "ann", amount: 1, type: "adjustment" });
      await credits.setTimeZone({ userId: "ann", timeZone: "America/New_York" });
      await paid(world, plans, { fact: "a" });
      await credits.setTimeZone({ userId: "ann", timeZone: "Asia/Tokyo" });
      await world.setClock(at("2026-03-20T00:00"));
      await credits.distribute();
      await paid(world, plans, { fact: "b" });
      same("ledger", await ledgerOf(world), [
        "ann#1 adjustment 1 after 1 at 01-31 22:00 lot 1 01-31 22:00..-",
        "ann#2 subscription_renewal 7 after 8 at 01-31 22:00 enrolment:n:0 payment 1 keep lot 7 01-31 22:00..- of 1",
        "ann#3 subscription_renewal 7 after 15 at 03-20 00:00 enrolment:n:1 payment 1 keep lot 7 03-20 00:00..- of 1",
        "ann 15 debt 0 shown 15 15 held 0 changes -",
        "enrolment ann keep from 01-31 22:00 0 3 next 2 due 03-31 08:00 ends 03-31 08:00 gave 7",
        "enrolment ann keep from 01-31 22:00 3 3 next 3 due 04-30 08:00 ends 04-30 08:00 gave 0 continues",
      ]);
    },
  },
  ...(
    [
      ["two months ahead is continued", "2026-03-01T00:00", 3, "2026-05-01T00:00", 3],
      ["more than two months ahead is not continued", "2026-02-28T23:59", 3, "2026-03-28T23:59", 0],
      ["a month past is continued", "2026-06-01T00:00", 3, "2026-07-01T00:00", 3],
      ["more than a month past is not continued", "2026-06-01T00:01", 3, "2026-07-01T00:01", 0],
      ["a month past is not continued by one that is over by now", "2026-06-01T00:00", 1, "2026-07-01T00:00", 0],
    ] as const
  ).map(([when, moment, periodCount, due, first]): Killer => ({
    name: `a term that ends ${when}`,
    run: async (world) => {
      await world.reset();
      await world.setClock(at("2026-02-01T00:00"));
      await paid(world, plans, { fact: "a" });
      await world.setClock(at(moment));
      await paid(world, plans, { fact: "b", periodCount });
      const [row] = await world.database.query(
        `select continues_id is not null as continues, anchor_at as anchor, period_ends_at as due, first_period as first
           from tallystick.credit_enrolment where fact = 'b'`,
      );
      const anchor = new Date(at(first > 0 ? "2026-02-01T00:00" : moment));
      same("term", { ...row }, { continues: first > 0, anchor, due: new Date(at(due)), first });
    },
  })),
  {
    name: "a term is continued only by one of its account, plan and source, and the last of these",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("2026-02-01T00:00"));
      await paid(world, plans, { fact: "a", periodCount: 1 });
      await paid(world, plans, { fact: "b", periodCount: 1 });
      await world.setClock(at("2026-02-01T00:01"));
      await paid(world, plans, { fact: "other plan", planId: "free" });
      await paid(world, plans, { fact: "other source", source: "sub_2" });
      await paid(world, plans, { fact: "other account", userId: "bob" });
      await paid(world, plans, { fact: "without end", periodCount: undefined });
      await paid(world, plans, { fact: "no source", source: undefined });
      await paid(world, plans, { fact: "no source 2", source: undefined });
      await world.setClock(at("2026-02-26T00:00"));
      await paid(world, plans, { fact: "c", periodCount: 1 });
      await paid(world, plans, { fact: "c", periodCount: 1, userId: "bob" });
      await paid(world, plans, { fact: "d", periodCount: 1 });
      await world.database.transaction(async (tx) => endEnrolments(tx, "sub_2"));
      await paid(world, plans, { fact: "after an ended one", source: "sub_2" });
      await world.setClock(at("2026-03-03T00:00"));
      await credits.distribute();
      await credits.enrol({ userId: "ann", planId: "keep" });
      await credits.enrol({ userId: "ann", planId: "keep" });
      same("ledger", await ledgerOf(world), [
        "ann#1 subscription_renewal 7 after 7 at 02-01 00:00 enrolment:n:0 payment 1 keep lot 7 02-01 00:00..- of 1",
        "ann#2 subscription_renewal 50 after 57 at 02-01 00:01 enrolment:n:0 payment 1 free lot 50 02-01 00:01..03-03 00:01 of 1",
        "ann#3 subscription_renewal 7 after 64 at 02-01 00:01 enrolment:n:0 payment 1 keep lot 7 02-01 00:01..- of 1",
        "bob#1 subscription_renewal 7 after 7 at 02-01 00:01 enrolment:n:0 payment 1 keep lot 7 02-01 00:01..- of 1",
        "ann#4 subscription_renewal 7 after 71 at 02-01 00:01 enrolment:n:0 payment 1 keep lot 7 02-01 00:01..- of 1",
        "ann#5 subscription_renewal 7 after 78 at 02-01 00:01 enrolment:n:0 payment 1 keep lot 7 02-01 00:01..- of 1",
        "ann#6 subscription_renewal 7 after 85 at 02-01 00:01 enrolment:n:0 payment 1 keep lot 7 02-01 00:01..- of 1",
        "ann#7 subscription_renewal 7 after 92 at 02-26 00:00 enrolment:n:0 payment 1 keep lot 7 02-26 00:00..- of 1",
        "ann#8 subscription_renewal 7 after 99 at 02-26 00:00 enrolment:n:0 payment 1 keep lot 7 02-26 00:00..- of 1",
        "ann#9 subscription_renewal 7 after 106 at 03-03 00:00 enrolment:n:1 payment 1 keep lot 7 03-03 00:00..- of 1",
        "ann#10 subscription_renewal 50 after 156 at 03-03 00:00 enrolment:n:1 payment 1 free lot 50 03-03 00:00..04-02 00:00 of 1",
        "ann#11 subscription_renewal 7 after 163 at 03-03 00:00 enrolment:n:1 payment 1 keep lot 7 03-03 00:00..- of 1",
        "ann#12 subscription_renewal 7 after 170 at 03-03 00:00 enrolment:n:1 payment 1 keep lot 7 03-03 00:00..- of 1",
        "ann#13 subscription_renewal 7 after 177 at 03-03 00:00 enrolment:n:1 payment 1 keep lot 7 03-03 00:00..- of 1",
        "bob#2 subscription_renewal 7 after 14 at 03-03 00:00 enrolment:n:1 payment 1 keep lot 7 03-03 00:00..- of 1",
        "ann#14 monthly_refresh 7 after 184 at 03-03 00:00 enrolment:n:0 keep lot 7 03-03 00:00..-",
        "ann 184 debt 0 shown 184 184 held 0 changes 03-03 00:01",
        "bob 14 debt 0 shown 14 14 held 0 changes -",
        "enrolment ann keep from 02-01 00:00 0 1 next 1 due - ends 03-01 00:00 gave 7",
        "enrolment ann keep from 02-01 00:00 1 1 next 2 due - ends 04-01 00:00 gave 7 continues",
        "enrolment ann free from 02-01 00:01 0 3 next 2 due 04-01 00:01 ends 04-01 00:01 gave 50",
        "enrolment ann keep from 02-01 00:01 0 3 next 1 due - ends 03-01 00:01 gave 7",
        "enrolment bob keep from 02-01 00:01 0 3 next 2 due 04-01 00:01 ends 04-01 00:01 gave 7",
        "enrolment ann keep from 02-01 00:01 0 next 2 due 04-01 00:01 ends 04-01 00:01 gave 7",
        "enrolment ann keep from 02-01 00:01 0 3 next 2 due 04-01 00:01 ends 04-01 00:01 gave 7",
        "enrolment ann keep from 02-01 00:01 0 3 next 2 due 04-01 00:01 ends 04-01 00:01 gave 7",
        "enrolment ann keep from 02-01 00:00 2 1 next 2 due 04-01 00:00 ends 04-01 00:00 gave 0 continues",
        "enrolment ann keep from 02-26 00:00 0 1 next 1 due - ends 03-26 00:00 gave 7",
        "enrolment ann keep from 02-26 00:00 0 3 next 1 due 03-26 00:00 ends 03-26 00:00 gave 7",
        "enrolment ann keep from 03-03 00:00 0 next 1 due 04-03 00:00 ends 04-03 00:00 gave 7",
      ]);
    },
  },
];
