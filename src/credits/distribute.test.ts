import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { day, openLedger, pass, plans, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { createCredits } from "./index.ts";
import { enrolForFact, type EnrolResult, type FactEnrolInput } from "./enrol.ts";
import { endEnrolments } from "./enrolment.ts";

const opened: Ledger[] = [];
let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger({ now: new Date("2026-01-31T10:00:00Z") });
  opened.push(ledger);
});
afterAll(async () => {
  await Promise.all(opened.map(async (each) => each[Symbol.asyncDispose]()));
});

const at = (text: string): void => {
  ledger.now = new Date(text);
};

let facts = 0;
/** A paid year of the plan pro, unless told otherwise. */
async function paid(input: Partial<FactEnrolInput> = {}): Promise<EnrolResult> {
  facts += 1;
  return ledger.database.transaction(async (tx) =>
    enrolForFact(tx, plans, {
      userId: "ann",
      planId: "pro",
      type: "subscription_renewal",
      quantity: 1,
      periodCount: 12,
      paymentId: 1,
      provider: "stripe",
      fact: `line_${facts}`,
      source: "sub_1",
      ...input,
    }),
  );
}

/** Distributes at noon of each day up to a date, as a daily cron does, and answers the days on which periods were granted. */
async function daily(until: string): Promise<string[]> {
  const days: string[] = [];
  while (ledger.now !== undefined && ledger.now < new Date(until)) {
    ledger.now = new Date(Math.floor(ledger.now.getTime() / day) * day + 1.5 * day);
    const { count } = await ledger.credits.distribute();
    const date = ledger.now.toISOString().slice(0, 10);
    if (count > 0) days.push(count === 1 ? date : `${date} ×${count}`);
  }
  return days;
}

async function types(userId = "ann"): Promise<string[]> {
  return (await ledger.credits.history({ userId, limit: 100 })).items.map(({ type, amount }) => `${type} ${amount}`);
}

describe("enrol", () => {
  it("grants the first period at once, and happens once for each account and plan", async () => {
    expect(await ledger.credits.enrol({ userId: "ann", planId: "free" })).toMatchObject({ created: true });
    const again = await ledger.credits.enrol({ userId: "ann", planId: "free" });
    expect(again).toMatchObject({ created: false, enrolmentId: expect.any(String) });
    expect(await types()).toEqual(["monthly_refresh 50"]);
    await ledger.credits.enrol({ userId: "ann", planId: "keep" });
    expect(await ledger.credits.balance({ userId: "ann" })).toMatchObject({ balance: 57 });
  });

  it("refuses a plan that the catalog does not have, and a user id that is none", async () => {
    await expect(ledger.credits.enrol({ userId: "ann", planId: "gold" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(ledger.credits.enrol({ userId: "", planId: "free" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect(await ledger.database.query("select id from tallystick.user_credit")).toEqual([]);
  });

  it("once for a fact, also told about another account, and names the enrolment each time", async () => {
    const first = await paid({ fact: "line" });
    expect(await paid({ fact: "line" })).toEqual({ ...first, created: false });
    expect(await paid({ fact: "line", userId: "bob" })).toEqual({ ...first, created: false });
    expect(await ledger.credits.balance({ userId: "bob" })).toMatchObject({ balance: 0 });
  });

  it("for one fact and two accounts at once makes one enrolment, and both callers are told which", async () => {
    const [one, two] = await Promise.all([paid({ fact: "race" }), paid({ fact: "race", userId: "bob" })]);
    expect([one, two].filter(({ created }) => created)).toHaveLength(1);
    expect(one.enrolmentId).toBe(two.enrolmentId);
  });

  it("multiplies a period's credits by the quantity bought", async () => {
    await paid({ quantity: 3 });
    expect(await types()).toEqual(["subscription_renewal 3000"]);
  });
});

describe("distribute", () => {
  it("grants a period from its very moment on", async () => {
    await ledger.credits.enrol({ userId: "ann", planId: "free" });
    at("2026-02-28T09:59:59.999Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 0, remaining: 0 });
    pass(ledger, 1);
    expect(await ledger.credits.distribute()).toEqual({ count: 1, credits: 50, remaining: 0, unknownPlans: [] });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 0 });
    const { lots } = await ledger.credits.balance({ userId: "ann" });
    expect(lots.map(({ expiresAt }) => expiresAt?.toISOString())).toEqual([
      "2026-03-02T10:00:00.000Z",
      "2026-03-30T10:00:00.000Z",
    ]);
  });

  it("grants a paid year twelve periods on the anchor's day, and then no more", async () => {
    await paid();
    expect(await daily("2027-06-01")).toEqual([
      "2026-02-28",
      "2026-03-31",
      "2026-04-30",
      "2026-05-31",
      "2026-06-30",
      "2026-07-31",
      "2026-08-31",
      "2026-09-30",
      "2026-10-31",
      "2026-11-30",
      "2026-12-31",
    ]);
    expect(await types()).toHaveLength(12);
  });

  it("grants a lifetime plan without end", async () => {
    facts += 1;
    await ledger.database.transaction(async (tx) =>
      enrolForFact(tx, plans, {
        userId: "ann",
        planId: "pro",
        type: "lifetime_monthly",
        quantity: 1,
        paymentId: 1,
        provider: "stripe",
        fact: "life",
      }),
    );
    at("2036-01-31T10:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 120, credits: 120_000, remaining: 0 });
  });

  it("continues a renewed subscription where its year ends, on the first anchor's day", async () => {
    await paid();
    at("2026-12-30T00:00:00Z");
    await ledger.credits.distribute();
    await paid();
    expect(await daily("2027-03-01")).toEqual(["2026-12-31", "2027-01-31", "2027-02-28"]);
    await ledger.credits.distribute();
    at("2029-01-01T00:00:00Z");
    expect((await ledger.credits.distribute()).count).toBe(10);
    expect(await types()).toHaveLength(24);
  });

  it("grants a second term of one subscription at once when it is no renewal: another line, or a change in mid-year", async () => {
    await paid();
    await paid();
    expect(await types()).toHaveLength(2);
    at("2026-07-15T00:00:00Z");
    await ledger.credits.distribute();
    const before = (await types()).length;
    await paid();
    expect(await types()).toHaveLength(before + 1);
  });

  it("continues a renewal that is told a few days late as if it had come in time", async () => {
    await paid();
    at("2027-02-03T00:00:00Z");
    await ledger.credits.distribute();
    await paid();
    expect(await types()).toHaveLength(13);
    expect(await daily("2027-04-15")).toEqual(["2027-02-28", "2027-03-31"]);
  });

  it("begins anew on the day of payment after a gap of more than a month", async () => {
    await paid();
    at("2027-06-10T10:00:00Z");
    await ledger.credits.distribute();
    await paid();
    expect(await daily("2027-09-01")).toEqual(["2027-07-10", "2027-08-10"]);
  });

  it("after a gap, continues the year that began anew and not the one before the gap", async () => {
    await paid();
    await paid();
    at("2028-06-10T10:00:00Z");
    await ledger.credits.distribute();
    await paid();
    at("2029-06-09T10:00:00Z");
    await ledger.credits.distribute();
    const before = (await types()).length;
    await paid();
    expect(await types()).toHaveLength(before);
    expect(await daily("2029-08-01")).toEqual(["2029-06-10", "2029-07-10"]);
  });

  it("lets two sources of one plan run beside each other", async () => {
    await paid({ source: "sub_1" });
    pass(ledger, 5 * day);
    await paid({ source: "sub_2" });
    expect(await daily("2026-03-31")).toEqual(["2026-02-28", "2026-03-05", "2026-03-31"]);
  });

  it("grants an ended source no more, takes nothing back, and leaves other sources alone", async () => {
    await paid({ source: "sub_1" });
    await paid({ source: "sub_2" });
    await ledger.database.transaction(async (tx) => endEnrolments(tx, "sub_1"));
    expect(await ledger.credits.balance({ userId: "ann" })).toMatchObject({ balance: 2000 });
    expect(await daily("2026-04-15")).toEqual(["2026-02-28", "2026-03-31"]);
  });

  it("catches up missed months, each once", async () => {
    await ledger.credits.enrol({ userId: "ann", planId: "keep" });
    at("2026-05-02T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 3, credits: 21 });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 0 });
    const rows = await ledger.database.query("select fact from tallystick.credit_transaction order by seq");
    expect(rows).toEqual([0, 1, 2, 3].map((period) => ({ fact: `enrolment:1:${period}` })));
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });

  it("reports plans that the catalog has lost, grants nothing for them and all the others", async () => {
    await ledger.credits.enrol({ userId: "ann", planId: "free" });
    await ledger.credits.enrol({ userId: "ann", planId: "keep" });
    await ledger.credits.enrol({ userId: "bob", planId: "keep" });
    pass(ledger, 40 * day);
    const later = createCredits(
      ledger.database,
      plans.filter(({ id }) => id !== "free"),
    );
    expect(await later.distribute({ batchSize: 1 })).toEqual({
      count: 2,
      credits: 14,
      remaining: 0,
      unknownPlans: ["free"],
    });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, credits: 50, unknownPlans: [] });
  });

  it("passes over an account whose balance would exceed 2^53-1 without keeping others waiting, however small the batch", async () => {
    await ledger.credits.enrol({ userId: "rich", planId: "keep" });
    await ledger.credits.enrol({ userId: "poor", planId: "keep" });
    await ledger.credits.grant({ userId: "rich", amount: Number.MAX_SAFE_INTEGER - 8, type: "adjustment" });
    pass(ledger, 31 * day);
    expect(await ledger.credits.distribute({ batchSize: 1 })).toMatchObject({ count: 1, remaining: 1 });
    await ledger.credits.consume({ userId: "rich", amount: 100 });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, remaining: 0 });
  });

  it("serves all others while an account is locked, however small the batch", async () => {
    await ledger.credits.enrol({ userId: "held", planId: "keep" });
    await ledger.credits.enrol({ userId: "free", planId: "keep" });
    pass(ledger, 31 * day);
    await ledger.database.transaction(async (tx) => {
      await tx.query("select from tallystick.user_credit where user_id = 'held' for update");
      expect(await ledger.credits.distribute({ batchSize: 1 })).toMatchObject({ count: 1, remaining: 1 });
    });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, remaining: 0 });
  });

  it("reckons in the account's own time zone", async () => {
    at("2026-01-31T14:00:00Z"); // the 1st of February in Sydney
    await ledger.credits.grant({ userId: "syd", amount: 1, type: "adjustment" });
    await ledger.database.query("update tallystick.user_credit set time_zone = 'Australia/Sydney'");
    await ledger.credits.enrol({ userId: "syd", planId: "keep" });
    expect(await daily("2026-05-03")).toEqual(["2026-03-01", "2026-04-01", "2026-05-01"]);
    const [row] = await ledger.database.query("select next_due_at from tallystick.credit_enrolment");
    expect(row).toEqual({ next_due_at: new Date("2026-05-31T15:00:00Z") });
  });

  it("serves 5,000 accounts in one call, and its books are true", async () => {
    await ledger.database.query(`
      with account as (insert into tallystick.user_credit (user_id) select 'user' || n from generate_series(1, 5000) n returning id)
      insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
      select id, 'free', 'monthly_refresh', '2025-12-31 10:00+00', '2025-12-31 10:00+00' from account`);
    expect(await ledger.credits.distribute()).toEqual({
      count: 10_000,
      credits: 500_000,
      remaining: 0,
      unknownPlans: [],
    });
    expect(await ledger.credits.audit()).toEqual({ ok: true, accounts: 5000, violations: [] });
    pass(ledger, 30 * day);
    expect(await ledger.credits.expire()).toMatchObject({
      expired: 10_000,
      accounts: 5000,
      credits: 500_000,
      remaining: 0,
    });
    expect(await ledger.credits.audit()).toMatchObject({ ok: true });
  });
});
