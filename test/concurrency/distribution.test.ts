// Distribution beside everything else: whoever comes first, each period is granted once and every equation holds.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import type { PlanTerms } from "../../src/credits/plan-terms.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, type Ledger } from "../properties/ledger-fixture.ts";

const plans: readonly PlanTerms[] = [
  { id: "free", credits: 50, validDays: null },
  { id: "pro", credits: 1000, validDays: null },
  { id: "roll", credits: 100, validDays: null, rollover: { max: 60 } },
];

let ledger: Ledger;
let pools: Database[];
let writers: Credits[];
beforeAll(async () => {
  ledger = await openLedger({ plans });
  pools = Array.from({ length: 4 }, () => connect(ledger.url, { poolSize: 2 }));
  writers = pools.map((pool) => createCredits(pool, plans));
});
afterAll(async () => {
  await Promise.all(pools.map(async (pool) => pool.close()));
  await ledger[Symbol.asyncDispose]();
});

/** Accounts with an enrolment that is due for as many months as told, and the month before granted. */
async function enrolled(planId: string, accounts: number, months: number): Promise<string[]> {
  const users = Array.from({ length: accounts }, () => randomUUID());
  await ledger.database.query(
    `with account as (insert into tallystick.user_credit (user_id) select * from unnest($1::text[]) returning id)
     insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
     select id, $2, 'monthly_refresh', moment, moment from account,
       (select clock_timestamp() - make_interval(months => $3 - 1, hours => 1) as moment) anchor`,
    [users, planId, months],
  );
  return users;
}

async function periods(users: readonly string[]): Promise<number[]> {
  const rows = await ledger.database.query<{ n: number }>(
    `select count(*) filter (where entry.fact like 'enrolment:%') as n from tallystick.user_credit account
     left join tallystick.credit_transaction entry on entry.account_id = account.id
     where user_id = any ($1) group by account.id`,
    [users],
  );
  return rows.map(({ n }) => n);
}

async function atOnce(work: readonly ((credits: Credits) => Promise<unknown>)[]): Promise<string[]> {
  const outcomes = await Promise.all(
    work.map(async (run, index) => {
      const credits = writers[index % writers.length] ?? ledger.credits;
      try {
        await run(credits);
        return "ok";
      } catch (error) {
        if (isTallystickError(error)) return error.code;
        throw error;
      }
    }),
  );
  return outcomes;
}

async function expectClean(): Promise<void> {
  expect((await ledger.credits.audit()).violations).toEqual([]);
}

describe("two distributions at once", () => {
  it("grant each missed period of a plan that rolls over once, and roll each over once", async () => {
    const users = await enrolled("roll", 40, 4);
    await atOnce(Array.from({ length: 8 }, () => async (credits) => credits.distribute({ batchSize: 7 })));
    await ledger.credits.distribute();
    expect(new Set(await periods(users))).toEqual(new Set([4]));
    const rows = await ledger.database.query(
      "select current_credits as credits, count(*) as n from tallystick.user_credit where user_id = any ($1) group by 1",
      [users],
    );
    expect(rows).toEqual([{ credits: 160, n: 40 }]);
    await expectClean();
  });
});

describe("distribution and expiry beside consumers", () => {
  it("refuse nobody for more than there is, deadlock with nobody, and leave every equation true", async () => {
    const users = await enrolled("roll", 20, 3);
    const consume = users.flatMap((userId) =>
      Array.from({ length: 5 }, () => async (credits: Credits) => credits.consume({ userId, amount: 30 })),
    );
    const sweeps = Array.from(
      { length: 10 },
      (_, index) => async (credits: Credits) =>
        index % 2 === 0 ? credits.distribute({ batchSize: 3 }) : credits.expire({ batchSize: 3 }),
    );
    const outcomes = await atOnce([...sweeps, ...consume]);
    expect(new Set(outcomes)).toEqual(new Set(["ok", "insufficient_credits"]));
    await ledger.credits.distribute();
    expect(new Set(await periods(users))).toEqual(new Set([3]));
    await expectClean();
  });
});

describe("a plan change racing distribution", () => {
  it("gives each account the old plan's due month and the difference, once, whoever comes first", async () => {
    const users = await enrolled("free", 30, 1);
    const outcomes = await atOnce([
      ...users.flatMap((userId) => [
        async (credits: Credits) => credits.changePlan({ userId, from: "free", to: "pro", idempotencyKey: "up" }),
        async (credits: Credits) => credits.changePlan({ userId, from: "free", to: "pro", idempotencyKey: "up" }),
      ]),
      ...Array.from({ length: 6 }, () => async (credits: Credits) => credits.distribute({ batchSize: 4 })),
    ]);
    expect(new Set(outcomes)).toEqual(new Set(["ok"]));
    for (const userId of users) {
      expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 1000 });
      expect(await ledger.credits.enrolments({ userId })).toMatchObject([{ planId: "pro" }, { status: "ended" }]);
    }
    await expectClean();
  });
});

describe("a return of money racing distribution", () => {
  it("leaves of a returned payment exactly what was not returned", async () => {
    const users = await enrolled("free", 12, 3);
    await ledger.database.query(
      `update tallystick.credit_enrolment set payment_id = account_id from tallystick.user_credit account
       where account.id = account_id and user_id = any ($1)`,
      [users],
    );
    const ids = await ledger.database.query<{ id: number }>(
      "select id from tallystick.user_credit where user_id = any ($1)",
      [users],
    );
    await atOnce([
      ...Array.from({ length: 4 }, () => async (credits: Credits) => credits.distribute({ batchSize: 3 })),
      ...ids.map(
        ({ id }) =>
          async (credits: Credits) =>
            credits.settleReturns({ paymentId: String(id), paid: 10, returned: 5 }),
      ),
    ]);
    await ledger.credits.distribute();
    for (const userId of users)
      expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 75, debt: 0 });
    await expectClean();
  });
});

describe("pausing, resuming and ending beside distribution", () => {
  it("grant no period twice", async () => {
    const users = await enrolled("free", 10, 2);
    const ids = await ledger.database.query<{ id: number }>(
      `select e.id from tallystick.credit_enrolment e join tallystick.user_credit account on account.id = account_id
       where user_id = any ($1)`,
      [users],
    );
    const outcomes = await atOnce([
      ...ids.flatMap(({ id }) => [
        async (credits: Credits) => credits.pauseEnrolment({ enrolmentId: String(id) }),
        async (credits: Credits) => credits.resumeEnrolment({ enrolmentId: String(id), missed: "all" }),
      ]),
      ...Array.from({ length: 6 }, () => async (credits: Credits) => credits.distribute({ batchSize: 3 })),
    ]);
    expect(new Set(outcomes)).toEqual(new Set(["ok"]));
    for (const { id } of ids) await ledger.credits.resumeEnrolment({ enrolmentId: String(id), missed: "all" });
    await ledger.credits.distribute();
    expect(new Set(await periods(users))).toEqual(new Set([2]));
    await expectClean();
  });
});
