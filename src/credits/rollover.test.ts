import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { day, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { enrolForFact } from "./enrol.ts";
import type { PlanTerms } from "./plan-terms.ts";

const plans: readonly PlanTerms[] = [
  { id: "roll", credits: 100, validDays: null, rollover: { max: 60 } },
  { id: "floor", credits: 100, validDays: null, rollover: { max: 60, min: 25 } },
  { id: "big", credits: 300, validDays: null, rollover: { max: 500 } },
  { id: "plain", credits: 100, validDays: null },
];
const opened: Ledger[] = [];
let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger({ now: new Date("2026-01-31T10:00:00Z"), plans });
  opened.push(ledger);
});
afterAll(async () => {
  await Promise.all(opened.map(async (each) => each[Symbol.asyncDispose]()));
});

const ann = { userId: "ann" };
const at = (text: string): void => {
  ledger.now = new Date(text);
};
async function journal(userId = "ann"): Promise<string[]> {
  const { items } = await ledger.credits.history({ userId, limit: 100 });
  return items.map(({ type, amount }) => `${type} ${amount}`).toReversed();
}
async function lots(): Promise<string[]> {
  const { lots: live } = await ledger.credits.balance(ann);
  return live.map(({ type, remaining, expiresAt }) => `${type} ${remaining} ${expiresAt?.toISOString().slice(0, 10)}`);
}
async function consume(amount: number): Promise<void> {
  await ledger.credits.consume({ ...ann, amount });
}
async function expectClean(): Promise<void> {
  expect((await ledger.credits.audit()).violations).toEqual([]);
}

describe("rollover", () => {
  it("ends a period's credits with the period and carries the unused on, burnt before the fresh allowance", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    expect(await lots()).toEqual(["monthly_refresh 100 2026-02-28"]);
    await consume(70);
    at("2026-02-28T10:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, credits: 100, remaining: 0 });
    expect(await lots()).toEqual(["rollover 30 2026-03-31", "monthly_refresh 100 2026-03-31"]);
    expect(await journal()).toEqual([
      "monthly_refresh 100",
      "usage -70",
      "expire -30",
      "rollover 30",
      "monthly_refresh 100",
    ]);
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 130, available: 130 });
    await consume(40);
    expect(await lots()).toEqual(["monthly_refresh 90 2026-03-31"]);
    await expectClean();
  });

  it("carries at most the maximum on, rolled-over credits included", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    for (const month of ["02-28", "03-31", "04-30"]) {
      at(`2026-${month}T10:00:00Z`);
      await ledger.credits.distribute();
      expect((await lots())[0]).toMatch(/^rollover 60 /);
      expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 160 });
    }
    await expectClean();
  });

  it("carries at least the minimum on, also when nothing was left", async () => {
    await ledger.credits.enrol({ ...ann, planId: "floor" });
    await consume(100);
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    expect((await lots())[0]).toBe("rollover 25 2026-03-31");
    await consume(125 - 30);
    at("2026-03-31T10:00:00Z");
    await ledger.credits.distribute();
    expect((await lots())[0]).toBe("rollover 30 2026-04-30");
    await expectClean();
  });

  it("counts what expired whoever swept it, before or at the turn", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    await consume(50);
    at("2026-02-28T10:00:00Z");
    expect(await ledger.credits.expire()).toMatchObject({ credits: 50 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 0 });
    at("2026-03-02T10:00:00Z");
    await ledger.credits.distribute();
    expect((await lots())[0]).toBe("rollover 50 2026-03-31");
    await expectClean();
  });

  it("happens once a period, and never in the first", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    await ledger.credits.distribute();
    await ledger.credits.expire();
    expect((await journal()).filter((entry) => entry.startsWith("rollover"))).toEqual(["rollover 60"]);
  });

  it("catches missed periods up as if each had been granted in its time", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    at("2026-05-02T10:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 3, remaining: 0 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 160, available: 160 });
    expect(await lots()).toEqual(["rollover 60 2026-05-31", "monthly_refresh 100 2026-05-31"]);
    await expectClean();
  });

  it("leaves the held part of the old period to its hold; released, it expires and is not carried on", async () => {
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    at("2026-02-28T09:59:00Z");
    const held = await ledger.credits.hold({ ...ann, amount: 70, expiresInSeconds: 3600 });
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    expect((await lots())[0]).toBe("rollover 30 2026-03-31");
    await ledger.credits.capture({ holdId: held.id, amount: 20 });
    expect(await ledger.credits.expire()).toMatchObject({ credits: 50 });
    at("2026-03-01T10:00:00Z");
    await ledger.credits.distribute();
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 130, held: 0 });
    await expectClean();
  });

  it("releases overdue holds first, so that what they kept is carried on", async () => {
    await ledger.credits.enrol({ ...ann, planId: "big" });
    await ledger.credits.hold({ ...ann, amount: 200, expiresInSeconds: 60 });
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    expect((await lots())[0]).toBe("rollover 300 2026-03-31");
    await expectClean();
  });

  it("leaves plans without rollover alone", async () => {
    await ledger.credits.enrol({ ...ann, planId: "plain" });
    await ledger.credits.enrol({ ...ann, planId: "roll" });
    at("2026-02-28T10:00:00Z");
    expect(await ledger.credits.distribute({ batchSize: 1 })).toMatchObject({ count: 2 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 360 });
    await expectClean();
  });

  async function term(fact: string, periodCount: number): Promise<void> {
    await ledger.database.transaction(async (tx) =>
      enrolForFact(tx, plans, {
        userId: "ann",
        planId: "roll",
        type: "subscription_renewal",
        quantity: 2,
        periodCount,
        paymentId: 7,
        provider: "stripe",
        fact,
        source: "sub_1",
      }),
    );
  }

  it("goes on from one paid term into the next, and multiplies its bounds by the quantity", async () => {
    await term("line_1", 1);
    await consume(100);
    at("2026-02-28T11:00:00Z");
    await term("line_2", 1);
    expect(await lots()).toEqual(["rollover 100 2026-03-31", "subscription_renewal 200 2026-03-31"]);
    at("2026-03-31T11:00:00Z");
    await term("line_3", 1);
    expect(await lots()).toEqual(["rollover 120 2026-04-30", "subscription_renewal 200 2026-04-30"]);
    await expectClean();
  });

  it("is not counted as granted by the payment, and goes back with it", async () => {
    await term("line_1", 3);
    at("2026-02-28T11:00:00Z");
    await ledger.credits.distribute();
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 320 });
    expect(await ledger.credits.settleReturns({ paymentId: "7", paid: 100, returned: 100 })).toMatchObject({
      clawedBack: 400,
    });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: -80, debt: 80 });
    await expectClean();
  });

  it("is the same whatever the batches are, over many accounts", async () => {
    for (const userId of ["a", "b", "c", "d", "e"]) {
      await ledger.credits.enrol({ userId, planId: "roll" });
      await ledger.credits.enrol({ userId, planId: "floor" });
      await ledger.credits.consume({ userId, amount: 150 });
    }
    pass(ledger, 70 * day);
    expect(await ledger.credits.distribute({ batchSize: 3 })).toMatchObject({ count: 20, remaining: 0 });
    for (const userId of ["a", "b", "c", "d", "e"]) {
      expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 320, available: 320 });
    }
    await expectClean();
  });
});
