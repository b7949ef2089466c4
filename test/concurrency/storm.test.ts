import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, plans } from "../properties/ledger-fixture.ts";

describe("distribution", () => {
  it("called eight times at once over 500 enrolments grants each due period once", async () => {
    await using ledger = await openLedger();
    await ledger.database.query(`
      with account as (insert into tallystick.user_credit (user_id) select 'user' || n from generate_series(1, 500) n returning id)
      insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
      select id, 'free', 'monthly_refresh', moment, moment from account,
        (select now() - interval '70 days' as moment) anchor`);
    const pools = Array.from({ length: 8 }, () => connect(ledger.url, { poolSize: 1 }));
    const results = await Promise.all(
      pools.map(async (pool, index) => createCredits(pool, plans).distribute({ batchSize: 50 + index })),
    );
    const last = await ledger.credits.distribute();
    expect([...results, last].reduce((sum, { count }) => sum + count, 0)).toBe(1500);
    expect(last.remaining).toBe(0);
    const rows = await ledger.database.query(
      `select current_credits as credits, count(*) as accounts from tallystick.user_credit group by current_credits`,
    );
    expect(rows).toEqual([{ credits: 150, accounts: 500 }]);
    expect((await ledger.credits.audit()).violations).toEqual([]);
    await Promise.all(pools.map(async (pool) => pool.close()));
  });
});

type Operation = (credits: Credits, userId: string) => Promise<unknown>;

describe("a storm of all operations", () => {
  it("on five accounts from four connections ends without deadlock, lost credit or audit finding", async () => {
    await using ledger = await openLedger();
    const pools = Array.from({ length: 4 }, () => connect(ledger.url, { poolSize: 1 }));
    const writers = pools.map((pool) => createCredits(pool, plans));
    const keys = fc.option(
      fc.integer({ min: 1, max: 40 }).map((n) => `key-${n}`),
      { nil: undefined },
    );
    const operation = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.tuple(fc.integer({ min: 1, max: 30 }), keys).map(
          ([amount, idempotencyKey]): Operation =>
            async (credits, userId) =>
              credits.consume({ userId, amount, idempotencyKey }),
        ),
      },
      {
        weight: 3,
        arbitrary: fc.tuple(fc.integer({ min: 1, max: 30 }), keys).map(
          ([amount, idempotencyKey]): Operation =>
            async (credits, userId) =>
              credits.grant({ userId, amount, type: "adjustment", idempotencyKey }),
        ),
      },
      {
        weight: 3,
        arbitrary: fc.integer({ min: 5, max: 60 }).map(
          (ms): Operation =>
            async (credits, userId) =>
              credits.grant({ userId, amount: 10, type: "adjustment", expiresAt: new Date(Date.now() + ms) }),
        ),
      },
      { weight: 2, arbitrary: fc.constant<Operation>(async (credits) => credits.expire({ batchSize: 3 })) },
      { weight: 2, arbitrary: fc.constant<Operation>(async (credits) => credits.distribute({ batchSize: 3 })) },
      {
        weight: 1,
        arbitrary: fc.constant<Operation>(async (credits, userId) => credits.enrol({ userId, planId: "free" })),
      },
      { weight: 1, arbitrary: fc.constant<Operation>(async (credits, userId) => credits.balance({ userId })) },
    );
    const [work = []] = fc.sample(
      fc.array(fc.tuple(operation, fc.integer({ min: 1, max: 5 })), { minLength: 1200, maxLength: 1200 }),
      { numRuns: 1, seed: 20_260_131 },
    );
    const refusals = new Set<string>();
    const queue = work.values();
    await Promise.all(
      writers.map(async (credits) => {
        for (const [run, user] of queue) {
          await run(credits, `user-${user}`).catch((error: unknown) => {
            if (!isTallystickError(error)) throw error;
            refusals.add(error.code);
          });
        }
      }),
    );
    // A grant whose time to expire passes while it waits for its account is refused as well.
    refusals.delete("invalid_request");
    expect([...refusals].toSorted()).toEqual(["idempotency_conflict", "insufficient_credits"]);
    await ledger.credits.expire();
    expect((await ledger.credits.audit()).violations).toEqual([]);
    await Promise.all(pools.map(async (pool) => pool.close()));
  });
});
