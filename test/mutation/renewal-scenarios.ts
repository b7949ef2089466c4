// Renewals: which term goes on, and from when.
import { callFunction } from "../../src/credits/context.ts";
import { createCredits } from "../../src/credits/index.ts";
import { endEnrolments } from "../../src/credits/enrolment.ts";
import type { Killer } from "./killers.ts";
import { paid, same } from "./told.ts";

const plans = [{ id: "keep", credits: 7, validDays: null }];
const at = (text: string): number => Date.parse(`2026-${text}Z`);

const begins = `select enrolment.fact, earlier.fact as goes_on_with, enrolment.first_period,
    to_char(enrolment.period_ends_at at time zone 'UTC', 'MM-DD HH24:MI') as due
  from tallystick.credit_enrolment enrolment left join tallystick.credit_enrolment earlier on earlier.id = enrolment.continues_id
  where enrolment.fact like '% renewed' order by enrolment.id`;

export const renewalScenarios: readonly Killer[] = [
  {
    name: "of a source's terms the one that ends last goes on, of several the newest, and never one that was ended",
    run: async (world) => {
      await world.reset();
      await world.setClock(at("02-01T00:00"));
      await paid(world, plans, { fact: "long", source: "s1" });
      await paid(world, plans, { fact: "short", source: "s1", periodCount: 1 });
      await paid(world, plans, { fact: "twin 1", source: "s2" });
      await paid(world, plans, { fact: "twin 2", source: "s2" });
      await paid(world, plans, { fact: "ended", source: "s3", periodCount: 1 });
      await world.database.transaction(async (tx) => endEnrolments(tx, "s3"));
      await world.setClock(at("03-02T00:00"));
      for (const source of ["s1", "s2", "s3"]) await paid(world, plans, { fact: `${source} renewed`, source });
      same("renewed", await world.database.query(begins), [
        { fact: "s1 renewed", goes_on_with: "long", first_period: 3, due: "05-01 00:00" },
        { fact: "s2 renewed", goes_on_with: "twin 2", first_period: 3, due: "05-01 00:00" },
        { fact: "s3 renewed", goes_on_with: null, first_period: 0, due: "04-02 00:00" },
      ]);
    },
  },
  {
    name: "a term that was granted to its end ends as was promised, wherever the account moved, and one that tells no end by its periods",
    run: async (world) => {
      await world.reset();
      const credits = createCredits(world.database, plans);
      await world.setClock(at("01-31T22:00"));
      for (const userId of ["ann", "bob"]) {
        await credits.grant({ userId, amount: 1, type: "adjustment" });
        await credits.setTimeZone({ userId, timeZone: "America/New_York" });
        await paid(world, plans, { fact: userId, userId, periodCount: 1 });
        await credits.setTimeZone({ userId, timeZone: "Asia/Tokyo" });
      }
      const nothingTold = "update tallystick.credit_enrolment set period_ends_at = null where fact = 'bob'";
      await world.database.query(nothingTold);
      await world.setClock(at("02-20T00:00"));
      for (const userId of ["ann", "bob"]) await paid(world, plans, { fact: `${userId} renewed`, userId });
      same("renewed", await world.database.query(begins), [
        { fact: "ann renewed", goes_on_with: "ann", first_period: 1, due: "02-28 22:00" },
        { fact: "bob renewed", goes_on_with: "bob", first_period: 1, due: "02-28 08:00" },
      ]);
      // The next begins where the anchor's day and hour are in the new zone.
      await world.setClock(at("03-05T00:00"));
      await credits.distribute();
      const next = await world.database.query<{ due: string }>(begins);
      same(
        "next",
        next.map(({ due }) => due),
        ["03-31 08:00", "03-31 08:00"],
      );
    },
  },
  {
    name: "an enrolment that was ended may begin anew, and one that was not is told again",
    run: async (world) => {
      await world.reset();
      await world.setClock(at("02-01T00:00"));
      const credits = createCredits(world.database, plans);
      const enrol = async (): Promise<boolean> => (await credits.enrol({ userId: "ann", planId: "keep" })).created;
      const created = [await enrol(), await enrol()];
      await world.database.query(
        "select tallystick.end_enrolments(p_enrolment_id => id) from tallystick.credit_enrolment",
      );
      created.push(await enrol(), await enrol());
      same("created", created, [true, false, true, false]);
    },
  },
  {
    name: "an anchor that tells no zone has the account's",
    run: async ({ database }) => {
      const parameters = { p_anchor: "2026-01-31T22:00Z", p_time_zone: "America/New_York", p_period: 1 };
      same("period", await callFunction(database, "period_start", parameters), new Date(at("02-28T22:00")));
    },
  },
];
