import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { day, openLedger, plans, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { enrolForFact } from "./enrol.ts";
import { pauseEnrolments, resumeEnrolments } from "./enrolment.ts";

const opened: Ledger[] = [];
let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger({ now: new Date("2026-01-31T10:00:00Z") });
  opened.push(ledger);
});
afterAll(async () => {
  await Promise.all(opened.map(async (each) => each[Symbol.asyncDispose]()));
});

const ann = { userId: "ann" };
const at = (text: string): void => {
  ledger.now = new Date(text);
};
async function enrol(planId = "keep"): Promise<{ enrolmentId: string }> {
  const { enrolmentId } = await ledger.credits.enrol({ ...ann, planId });
  return { enrolmentId };
}
async function paid(paymentId = 1, periodCount = 12): Promise<{ enrolmentId: string }> {
  const { enrolmentId } = await ledger.database.transaction(async (tx) =>
    enrolForFact(tx, plans, {
      userId: "ann",
      planId: "keep",
      type: "subscription_renewal",
      quantity: 1,
      periodCount,
      paymentId,
      provider: "stripe",
      fact: `line_${paymentId}`,
      source: "sub_1",
    }),
  );
  return { enrolmentId };
}
async function count(): Promise<number> {
  return (await ledger.credits.distribute()).count;
}
/** The days on which a daily cron grants. */
async function daily(until: string): Promise<string[]> {
  const days: string[] = [];
  while (ledger.now !== undefined && ledger.now < new Date(until)) {
    ledger.now = new Date(Math.floor(ledger.now.getTime() / day) * day + 1.5 * day);
    const granted = await count();
    if (granted > 0) days.push(`${ledger.now.toISOString().slice(5, 10)}${granted === 1 ? "" : ` ×${granted}`}`);
  }
  return days;
}

describe("enrolments", () => {
  it("lists every enrolment with what it has granted and when it grants next", async () => {
    await enrol("free");
    await paid(1, 1);
    expect(await ledger.credits.enrolments(ann)).toMatchObject([
      { planId: "keep", status: "completed", periodsGranted: 1, periodCount: 1, nextDueAt: null, source: "sub_1" },
      {
        planId: "free",
        status: "active",
        periodsGranted: 1,
        periodCount: null,
        periodEndsAt: new Date("2026-02-28T10:00:00Z"),
        nextDueAt: new Date("2026-02-28T10:00:00Z"),
      },
    ]);
    expect(await ledger.credits.enrolments({ userId: "nobody" })).toEqual([]);
  });
});

describe("endEnrolment", () => {
  it("ends at once: what was granted stays, no further period comes, and the account may enrol anew", async () => {
    const enrolment = await enrol();
    expect(await ledger.credits.endEnrolment(enrolment)).toMatchObject({ status: "ended", nextDueAt: null });
    await ledger.credits.endEnrolment(enrolment);
    at("2026-06-01T00:00:00Z");
    expect(await count()).toBe(0);
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 7 });
    expect(await ledger.credits.enrol({ ...ann, planId: "keep" })).toMatchObject({ created: true });
  });

  it("at the end of the term lets a paid term go on to its last month", async () => {
    const enrolment = await paid(1, 3);
    await ledger.credits.endEnrolment({ ...enrolment, when: "term_end" });
    at("2027-01-01T00:00:00Z");
    expect(await count()).toBe(2);
  });

  it("at the end of the term of an enrolment without end grants no further period", async () => {
    const enrolment = await enrol();
    expect(await ledger.credits.endEnrolment({ ...enrolment, when: "term_end" })).toMatchObject({
      endedAt: new Date("2026-02-28T10:00:00Z"),
    });
    at("2027-01-01T00:00:00Z");
    expect(await count()).toBe(0);
  });

  it.each(["7", "x", "-1"])("of %s, which does not exist, is not_found", async (enrolmentId) => {
    await expect(ledger.credits.endEnrolment({ enrolmentId })).rejects.toMatchObject({ code: "not_found" });
    await expect(ledger.credits.pauseEnrolment({ enrolmentId })).rejects.toMatchObject({ code: "not_found" });
    await expect(ledger.credits.resumeEnrolment({ enrolmentId })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("pauseEnrolment and resumeEnrolment", () => {
  it("grant nothing during the pause, and after it the running period once", async () => {
    const enrolment = await enrol();
    expect(await ledger.credits.pauseEnrolment(enrolment)).toMatchObject({ status: "paused", nextDueAt: null });
    at("2026-05-15T00:00:00Z");
    expect(await count()).toBe(0);
    expect(await ledger.credits.resumeEnrolment(enrolment)).toMatchObject({
      status: "active",
      nextDueAt: new Date("2026-05-31T10:00:00Z"),
    });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 14 });
    expect(await count()).toBe(0);
  });

  it("catch every missed period up when asked to", async () => {
    const enrolment = await enrol();
    await ledger.credits.pauseEnrolment(enrolment);
    at("2026-05-15T00:00:00Z");
    await ledger.credits.resumeEnrolment({ ...enrolment, missed: "all" });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 28 });
  });

  it("within one period change nothing, however often, and keep the anchor's day", async () => {
    const enrolment = await enrol();
    for (let n = 0; n < 3; n += 1) {
      await ledger.credits.pauseEnrolment(enrolment);
      await ledger.credits.pauseEnrolment(enrolment);
      await ledger.credits.resumeEnrolment(enrolment);
      await ledger.credits.resumeEnrolment(enrolment);
    }
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 7 });
    expect(await daily("2026-05-15")).toEqual(["02-28", "03-31", "04-30"]);
  });

  it("count the calendar's months of a paid term, paused or not", async () => {
    const enrolment = await paid(1, 3);
    await ledger.credits.pauseEnrolment(enrolment);
    at("2026-09-01T00:00:00Z");
    expect(await ledger.credits.resumeEnrolment(enrolment)).toMatchObject({ status: "completed" });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 7 });
  });

  it("of a source leave out no month that is paid for", async () => {
    await paid(1, 12);
    await ledger.database.transaction(async (tx) => pauseEnrolments(tx, "sub_1"));
    at("2026-05-15T00:00:00Z");
    expect(await count()).toBe(0);
    await ledger.database.transaction(async (tx) => resumeEnrolments(tx, plans, "sub_1"));
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 28 });
  });

  it("refuse an enrolment that has ended", async () => {
    const enrolment = await enrol();
    await ledger.credits.endEnrolment(enrolment);
    await expect(ledger.credits.pauseEnrolment(enrolment)).rejects.toMatchObject({ code: "invalid_state" });
    await expect(ledger.credits.resumeEnrolment(enrolment)).rejects.toMatchObject({ code: "invalid_state" });
  });
});

describe("setTimeZone", () => {
  it("keeps the anchor's day, the running period's end, and grants each period once", async () => {
    at("2026-01-31T21:00:00Z");
    await enrol();
    // Already the 1st of February there; the anchor stays the 31st, 21:00 by the wall clock.
    await ledger.credits.setTimeZone({ ...ann, timeZone: "Australia/Sydney" });
    at("2026-02-28T20:59:59Z");
    expect(await count()).toBe(0);
    at("2026-02-28T21:00:00Z");
    expect(await count()).toBe(1);
    const [enrolment] = await ledger.credits.enrolments(ann);
    expect(enrolment?.nextDueAt).toEqual(new Date("2026-03-31T10:00:00Z"));
    at("2026-02-28T23:00:00Z");
    expect(await daily("2026-06-01")).toEqual(["03-31", "04-30", "05-31"]);
  });

  it("moved to and fro never grants twice or skips a period", async () => {
    await enrol();
    const days: string[] = [];
    for (const timeZone of [
      "Pacific/Kiritimati",
      "Pacific/Pago_Pago",
      "America/New_York",
      "UTC",
      "Pacific/Kiritimati",
    ]) {
      await ledger.credits.setTimeZone({ ...ann, timeZone });
      const until = new Date((ledger.now?.getTime() ?? 0) + 61 * day).toISOString();
      days.push(...(await daily(until)));
    }
    const gaps = days
      .slice(1)
      .map((text, index) => (Date.parse(`2026-${text}Z`) - Date.parse(`2026-${days[index]}Z`)) / day);
    expect(days).toHaveLength(10);
    expect(gaps.filter((gap) => !(gap >= 27 && gap <= 33))).toEqual([]);
    const facts = await ledger.database.query("select fact from tallystick.credit_transaction order by seq");
    expect(facts).toEqual(Array.from({ length: 11 }, (_, period) => ({ fact: `enrolment:1:${period}` })));
  });

  it.each(["Mars/Olympus", "UTC+3", "", "europe"])("refuses %j, which is no zone", async (timeZone) => {
    await expect(ledger.credits.setTimeZone({ ...ann, timeZone })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("distribution beside debts and returns", () => {
  it("takes a returned payment's share of every later period back in the same transaction", async () => {
    await paid(1, 12);
    await ledger.credits.enrol({ userId: "bob", planId: "keep" });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 50 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 4 });
    at("2026-04-15T00:00:00Z");
    expect(await ledger.credits.distribute()).toMatchObject({ count: 4, remaining: 0 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 21 - 10 });
    expect(await ledger.credits.balance({ userId: "bob" })).toMatchObject({ balance: 21 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });

  it("grants nothing that stays for a payment that went back as a whole", async () => {
    await paid(1, 12);
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 100 });
    at("2026-07-15T00:00:00Z");
    await ledger.credits.distribute();
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 0, available: 0, debt: 0 });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 0 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 42, available: 42 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });

  it("pays the oldest debt first with what it grants, and then shows what is left", async () => {
    await ledger.credits.enrol({ ...ann, planId: "free" });
    await paid(1, 1);
    await ledger.credits.consume({ ...ann, amount: 57 });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 100 });
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: -7, debt: 7 });
    at("2026-02-28T10:00:00Z");
    await ledger.credits.distribute();
    expect(await ledger.credits.balance(ann)).toMatchObject({ balance: 43, available: 43, debt: 0 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});

describe("progress", () => {
  it("is told after each batch: what is done and what remains", async () => {
    for (const userId of ["a", "b", "c", "d", "e"]) await ledger.credits.enrol({ userId, planId: "free" });
    at("2026-02-28T10:00:00Z");
    const told: string[] = [];
    const onProgress = ({ done, remaining }: { done: number; remaining: number }): unknown =>
      told.push(`${done} of ${done + remaining}`);
    await ledger.credits.distribute({ batchSize: 2, onProgress });
    expect(told).toEqual(["2 of 5", "4 of 5", "5 of 5"]);
    at("2026-03-05T00:00:00Z");
    told.length = 0;
    await ledger.credits.expire({ batchSize: 2, onProgress });
    expect(told).toEqual(["2 of 5", "4 of 5", "5 of 5"]);
  });
});
