import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, openLedger, pass, plans, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { callFunction } from "../credits/context.ts";
import { deferredRevenue, type DeferredRevenue, type DeferredRevenueInput } from "./deferred-revenue.ts";

let ledger: Ledger;
const start = new Date("2026-01-15T12:00:00Z");
beforeAll(async () => {
  ledger = await openLedger({ now: start });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

let payments = 0;
async function pay(amount: number | null, userId = "ann"): Promise<string> {
  payments += 1;
  const [row] = await ledger.database.query<{ id: number }>(
    `insert into tallystick.payment (provider, user_id, type, session_id, status, paid, paid_at, amount, currency)
     values ('stripe', $1, 'one_time', $2, 'paid', true, tallystick.clock(), $3, 'usd') returning id`,
    [userId, `cs_${payments}`, amount],
  );
  return String(row?.id);
}

async function grantFor(paymentId: string, userId: string, amount: number, days?: number): Promise<string> {
  const now = ledger.now?.getTime() ?? 0;
  const { transactionId } = await callFunction<{ transactionId: string }>(ledger.database, "grant_credits", {
    p_user_id: userId,
    p_amount: amount,
    p_type: "purchase_package",
    p_payment_id: Number(paymentId),
    p_expires_at: days === undefined ? undefined : new Date(now + days * day),
  });
  return transactionId;
}

async function view(paymentId: string, input: DeferredRevenueInput = {}): Promise<DeferredRevenue | undefined> {
  const { items } = await deferredRevenue(ledger.database, plans, { ...input, limit: 100 });
  return items.find((item) => item.paymentId === paymentId);
}

const nothing = { toCome: 0, used: 0, expired: 0, clawedBack: 0, adjusted: 0, transferred: 0 };

describe("deferred revenue", () => {
  it("is the money of the credits that are left, rounded down", async () => {
    const paymentId = await pay(999);
    await grantFor(paymentId, "ann", 1000);
    expect(await view(paymentId)).toMatchObject({ ...nothing, granted: 1000, remaining: 1000, deferredAmount: 999 });
    const { transactionId } = await ledger.credits.consume({ userId: "ann", amount: 334 });
    // 999 × 666 / 1000 = 665.334
    expect(await view(paymentId)).toMatchObject({ ...nothing, used: 334, remaining: 666, deferredAmount: 665 });
    await ledger.credits.refund({ transactionId, amount: 34 });
    expect(await view(paymentId)).toMatchObject({ ...nothing, used: 300, remaining: 700, deferredAmount: 699 });
    await ledger.credits.adjust({ userId: "ann", amount: -100, actor: "ops", reason: "abuse" });
    expect(await view(paymentId)).toMatchObject({ used: 300, adjusted: 100, remaining: 600, deferredAmount: 599 });
  });

  it("ends when the credits expire unused", async () => {
    const paymentId = await pay(500, "exp");
    await grantFor(paymentId, "exp", 100, 10);
    pass(ledger, 10 * day);
    await ledger.credits.expire();
    expect(await view(paymentId)).toMatchObject({ ...nothing, expired: 100, remaining: 0, deferredAmount: 0 });
  });

  it("falls with the money returned and never exceeds what was kept", async () => {
    const paymentId = await pay(999, "ret");
    await grantFor(paymentId, "ret", 1000);
    await ledger.credits.settleReturns({ paymentId, paid: 999, returned: 333 });
    expect(await view(paymentId)).toMatchObject({
      returnedAmount: 333,
      clawedBack: 333,
      remaining: 667,
      deferredAmount: 666,
    });
    await ledger.credits.settleReturns({ paymentId, paid: 999, returned: 0 });
    expect(await view(paymentId)).toMatchObject({
      ...nothing,
      returnedAmount: 0,
      remaining: 1000,
      deferredAmount: 999,
    });
    await ledger.credits.hold({ userId: "ret", amount: 1000, expiresInSeconds: 60 });
    await ledger.credits.settleReturns({ paymentId, paid: 999, returned: 999 });
    // All is held, so that nothing could be taken back yet; the money is gone all the same.
    expect(await view(paymentId)).toMatchObject({ clawedBack: 0, remaining: 1000, deferredAmount: 0 });
  });

  it("follows credits through a merge", async () => {
    const paymentId = await pay(100, "from");
    await grantFor(paymentId, "from", 10);
    await ledger.credits.merge({ fromUserId: "from", toUserId: "into", actor: "ops", reason: "same person" });
    await ledger.credits.consume({ userId: "into", amount: 4 });
    expect(await view(paymentId)).toMatchObject({ ...nothing, granted: 10, used: 4, remaining: 6, deferredAmount: 60 });
  });

  it("counts the months of a year that distribution has yet to grant", async () => {
    const paymentId = await pay(12_000, "year");
    const enrolment = { p_user_id: "year", p_plan_id: "pro", p_type: "subscription_renewal", p_period_count: 12 };
    await callFunction(ledger.database, "enrol_account", { ...enrolment, p_payment_id: Number(paymentId) });
    expect(await view(paymentId)).toMatchObject({ granted: 0, toCome: 12_000, remaining: 0, deferredAmount: 12_000 });
    await ledger.credits.distribute();
    const bought = ledger.now ?? start;
    expect(await view(paymentId)).toMatchObject({
      granted: 1000,
      toCome: 11_000,
      remaining: 1000,
      deferredAmount: 12_000,
    });
    pass(ledger, 31 * day);
    await ledger.credits.expire();
    await ledger.credits.distribute();
    await ledger.credits.consume({ userId: "year", amount: 500 });
    expect(await view(paymentId)).toMatchObject({
      granted: 2000,
      toCome: 10_000,
      expired: 1000,
      used: 500,
      remaining: 500,
      deferredAmount: 10_500,
    });
    expect(await view(paymentId, { at: bought })).toMatchObject({
      granted: 1000,
      toCome: 11_000,
      remaining: 1000,
      deferredAmount: 12_000,
    });
  });

  it("answers for a past moment what it answered then", async () => {
    const paymentId = await pay(999, "past");
    await grantFor(paymentId, "past", 1000);
    const answered: [Date, DeferredRevenue | undefined][] = [];
    const note = async (): Promise<void> => {
      answered.push([ledger.now ?? start, await view(paymentId)]);
      pass(ledger, day);
    };
    await note();
    const { transactionId } = await ledger.credits.consume({ userId: "past", amount: 250 });
    await note();
    await ledger.credits.refund({ transactionId, amount: 100 });
    await note();
    await ledger.credits.settleReturns({ paymentId, paid: 999, returned: 500 });
    await note();
    expect(answered.map(([, item]) => item?.deferredAmount)).toEqual([999, 749, 849, 349]);
    for (const [at, item] of answered) expect(await view(paymentId, { at })).toEqual(item);
    expect(await view(paymentId, { at: new Date(start.getTime() - day) })).toBeUndefined();
  });

  it("is nothing for a payment that bought no credits, and unknown where the sum is", async () => {
    expect(await view(await pay(700))).toMatchObject({ ...nothing, granted: 0, remaining: 0, deferredAmount: 0 });
    const unknown = await pay(null);
    await grantFor(unknown, "free", 10);
    expect(await view(unknown)).toMatchObject({ remaining: 10, paidAmount: null, deferredAmount: null });
    const coupon = await pay(0);
    await grantFor(coupon, "free", 10);
    expect(await view(coupon)).toMatchObject({ remaining: 10, deferredAmount: 0 });
  });

  it("accounts for every credit of every payment, and pages newest first", async () => {
    const seen: DeferredRevenue[] = [];
    let cursor: string | undefined;
    do {
      const page = await deferredRevenue(ledger.database, plans, { limit: 2, cursor });
      seen.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.map(({ paymentId }) => Number(paymentId))).toEqual(
      Array.from({ length: payments }, (_, n) => payments - n),
    );
    for (const row of seen) {
      const { granted, used, expired, clawedBack, adjusted, transferred, remaining } = row;
      expect(granted).toBe(used + expired + clawedBack + adjusted + transferred + remaining);
    }
    const own = await deferredRevenue(ledger.database, plans, { userId: "year" });
    expect(own.items.map(({ userId }) => userId)).toEqual(["year"]);
  });

  it.each([{ limit: 101 }, { cursor: "1-1" }, { at: new Date(Number.NaN) }, { from: new Date(1), to: new Date(0) }])(
    "refuses %j",
    async (wrong) => {
      await expect(deferredRevenue(ledger.database, plans, wrong)).rejects.toMatchObject({ code: "invalid_request" });
    },
  );
});
