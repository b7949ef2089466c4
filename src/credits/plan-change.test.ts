import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { enrolForFact } from "./enrol.ts";
import type { PlanTerms } from "./plan-terms.ts";

const plans: readonly PlanTerms[] = [
  { id: "free", credits: 50, validDays: 30 },
  { id: "pro", credits: 1000, validDays: 30 },
  { id: "team", credits: 4000, validDays: 30 },
  { id: "small", credits: 200, validDays: null, rollover: { max: 300 } },
  { id: "roll", credits: 1000, validDays: null, rollover: { max: 300 } },
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
async function grants(): Promise<string[]> {
  const { items } = await ledger.credits.history({ ...ann, limit: 100 });
  return items
    .map(({ type, amount, createdAt }) => `${createdAt.toISOString().slice(0, 10)} ${type} ${amount}`)
    .toReversed();
}
async function paidYear(planId = "pro"): Promise<void> {
  await ledger.database.transaction(async (tx) =>
    enrolForFact(tx, plans, {
      userId: "ann",
      planId,
      type: "subscription_renewal",
      quantity: 1,
      periodCount: 12,
      paymentId: 1,
      provider: "stripe",
      fact: "line_1",
      source: "sub_1",
    }),
  );
}
async function expectClean(): Promise<void> {
  expect((await ledger.credits.audit()).violations).toEqual([]);
}

describe("changePlan", () => {
  it("upwards gives the difference now and the whole of the new plan from the next period on, on the old day", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    at("2026-02-10T00:00:00Z");
    const changed = await ledger.credits.changePlan({ ...ann, from: "free", to: "pro" });
    expect(changed).toMatchObject({
      granted: 950,
      replayed: false,
      enrolment: { planId: "pro", status: "active", nextDueAt: new Date("2026-02-28T10:00:00Z") },
    });
    at("2026-03-31T10:00:00Z");
    await ledger.credits.distribute();
    expect(await grants()).toEqual([
      "2026-01-31 monthly_refresh 50",
      "2026-02-10 monthly_refresh 950",
      "2026-03-31 monthly_refresh 1000",
      "2026-03-31 monthly_refresh 1000",
    ]);
    await expectClean();
  });

  it("upwards may give the whole now, and may begin a period of its own", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    at("2026-02-10T00:00:00Z");
    const changed = await ledger.credits.changePlan({ ...ann, from: "free", to: "pro", grant: "full", anchor: "now" });
    expect(changed).toMatchObject({
      granted: 1000,
      enrolment: { anchorAt: new Date("2026-02-10T00:00:00Z"), nextDueAt: new Date("2026-03-10T00:00:00Z") },
    });
    at("2026-03-05T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 0 });
    at("2026-03-10T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, credits: 1000 });
    await expectClean();
  });

  it("downwards takes effect with the next period and takes nothing back", async () => {
    await ledger.credits.enrol({ ...ann, planId: "pro" });
    at("2026-02-10T00:00:00Z");
    expect(await ledger.credits.changePlan({ ...ann, from: "pro", to: "free" })).toMatchObject({ granted: 0 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 1000 });
    at("2026-02-28T10:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, credits: 50 });
  });

  it("gives no period twice, however often a plan is changed and changed back", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    for (let n = 0; n < 3; n += 1) {
      await ledger.credits.changePlan({ ...ann, from: "free", to: "pro" });
      await ledger.credits.changePlan({ ...ann, from: "pro", to: "free", anchor: "now" });
    }
    await ledger.credits.changePlan({ ...ann, from: "free", to: "team" });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 4000 });
    await ledger.credits.changePlan({ ...ann, from: "team", to: "pro", grant: "next_period" });
    await expect(ledger.credits.changePlan({ ...ann, from: "pro", to: "team", grant: "full" })).rejects.toMatchObject({
      code: "invalid_state",
    });
    await expectClean();
  });

  it("grants what was due under the old plan before it changes", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    at("2026-04-10T00:00:00Z");
    expect(await ledger.credits.changePlan({ ...ann, from: "free", to: "pro" })).toMatchObject({ granted: 950 });
    expect((await grants()).slice(1)).toEqual([
      "2026-04-10 monthly_refresh 50",
      "2026-04-10 monthly_refresh 50",
      "2026-04-10 monthly_refresh 950",
    ]);
    expect(await ledger.credits.distribute()).toMatchObject({ count: 0 });
  });

  it("carries a paid term on: its payment, its source, and only the months that were left", async () => {
    await paidYear();
    at("2026-06-10T00:00:00Z");
    await ledger.credits.distribute();
    const { enrolment } = await ledger.credits.changePlan({ ...ann, from: "pro", to: "team", source: "sub_1" });
    expect(enrolment).toMatchObject({ source: "sub_1", type: "subscription_renewal", periodCount: 8 });
    at("2028-01-01T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 7, credits: 28_000, remaining: 0 });
    expect(await ledger.credits.enrolments(ann)).toMatchObject([
      { planId: "team", status: "completed", continuesId: "1" },
      { planId: "pro", status: "ended", periodsGranted: 5 },
    ]);
    const rows = await ledger.database.query(
      "select distinct payment_id from tallystick.credit_transaction where amount > 0",
    );
    expect(rows).toEqual([{ payment_id: 1 }]);
    await expectClean();
  });

  it("changes a prepaid next term along", async () => {
    await paidYear();
    at("2026-12-30T00:00:00Z");
    await ledger.credits.distribute();
    await ledger.database.transaction(async (tx) =>
      enrolForFact(tx, plans, {
        userId: "ann",
        planId: "pro",
        type: "subscription_renewal",
        quantity: 1,
        periodCount: 12,
        paymentId: 2,
        provider: "stripe",
        fact: "line_2",
        source: "sub_1",
      }),
    );
    await ledger.credits.changePlan({ ...ann, from: "pro", to: "team" });
    at("2027-02-01T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 2, credits: 8000 });
    await expectClean();
  });

  it("rolls the unused credits of both plans over", async () => {
    await ledger.credits.enrol({ ...ann, planId: "small" });
    await ledger.credits.changePlan({ ...ann, from: "small", to: "roll" });
    await ledger.credits.consume({ ...ann, amount: 850 });
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    expect(await grants()).toContain("2026-02-28 rollover 150");
    await expectClean();
  });

  it("under one key happens once and answers the same enrolment; with other plans it is a conflict", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    const input = { ...ann, from: "free", to: "pro", idempotencyKey: "upgrade-1" };
    const first = await ledger.credits.changePlan(input);
    const again = await ledger.credits.changePlan(input);
    expect(again).toMatchObject({ replayed: true, enrolment: { id: first.enrolment.id } });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 1000 });
    await expect(ledger.credits.changePlan({ ...input, to: "team" })).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
  });

  it("refuses what does not fit, and changes nothing", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    const change = { ...ann, from: "free", to: "pro" } as const;
    await expect(ledger.credits.changePlan({ ...change, from: "team" })).rejects.toMatchObject({
      code: "invalid_state",
    });
    await expect(ledger.credits.changePlan({ ...change, to: "gold" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(ledger.credits.changePlan({ ...change, to: "free" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(ledger.credits.changePlan({ ...change, grant: "next_period", anchor: "now" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(ledger.credits.changePlan({ ...change, userId: "nobody" })).rejects.toMatchObject({
      code: "invalid_state",
    });
    await ledger.credits.enrol({ ...ann, planId: "pro" });
    await expect(ledger.credits.changePlan(change)).rejects.toMatchObject({ code: "invalid_state" });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 1050 });
  });

  it("settles what was returned of the payment", async () => {
    await paidYear();
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 100 });
    await ledger.credits.changePlan({ ...ann, from: "pro", to: "team" });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 0, debt: 0 });
    await expectClean();
  });
});
