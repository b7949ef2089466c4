import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";

const start = new Date("2026-03-01T12:00:00Z");
const userId = "ann";
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger({ now: start });
});
afterEach(async () => closeAudited(ledger));

const give = async (amount: number, input: { hours?: number; priority?: number; scope?: string[] } = {}) =>
  ledger.credits.grant({
    userId,
    amount,
    type: "adjustment",
    expiresAt: input.hours === undefined ? undefined : new Date((ledger.now?.getTime() ?? 0) + input.hours * hour),
    priority: input.priority,
    scope: input.scope,
  });
const shown = async (): Promise<readonly number[]> => {
  const { balance, available, held, debt } = await ledger.credits.balance({ userId });
  return [balance, available, held, debt];
};
describe("hold", () => {
  it("takes from available at once and from the balance only when captured", async () => {
    await give(100);
    const held = await ledger.credits.hold({ userId, amount: 60 });
    expect(held).toEqual({
      id: expect.any(String),
      amount: 60,
      captured: 0,
      status: "open",
      expiresAt: new Date(start.getTime() + 900_000),
      balance: 100,
      available: 40,
      replayed: false,
    });
    expect(await shown()).toEqual([100, 40, 60, 0]);
    const captured = await ledger.credits.capture({ holdId: held.id, amount: 25 });
    expect(captured).toMatchObject({ status: "captured", captured: 25, balance: 75, available: 75, replayed: false });
    expect(captured.allocations).toEqual([{ lotId: expect.any(String), amount: 25 }]);
    expect(await shown()).toEqual([75, 75, 0, 0]);
  });

  it("captures all that is held when no amount is given", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60 });
    expect(await ledger.credits.capture({ holdId })).toMatchObject({ captured: 60, balance: 40, available: 40 });
  });

  it("gives everything back when voided, and writes no entry", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60 });
    expect(await ledger.credits.void({ holdId })).toMatchObject({ status: "voided", balance: 100, available: 100 });
    expect((await ledger.credits.history({ userId })).items).toHaveLength(1);
  });

  it("is refused when less is available, whatever is held by others, and changes nothing", async () => {
    await give(100);
    await ledger.credits.hold({ userId, amount: 60 });
    expect(await refusal(ledger.credits.hold({ userId, amount: 41 }))).toBe("insufficient_credits");
    expect(await refusal(ledger.credits.consume({ userId, amount: 41 }))).toBe("insufficient_credits");
    expect(await refusal(ledger.credits.hold({ userId: "nobody", amount: 1 }))).toBe("insufficient_credits");
    expect(await shown()).toEqual([100, 40, 60, 0]);
  });

  it("holds in burn order and captures in the order held; the rest returns to the same lots", async () => {
    await give(10);
    await give(10, { hours: 5 });
    await give(10, { hours: 9 });
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 25 });
    const { allocations } = await ledger.credits.capture({ holdId, amount: 12 });
    const { lots } = await ledger.credits.balance({ userId });
    expect(allocations.map(({ amount }) => amount)).toEqual([10, 2]);
    expect(lots.map(({ remaining }) => remaining)).toEqual([8, 10]);
  });

  it("uses lots that are kept for its feature first, and a consume of another feature can't have them", async () => {
    await give(10);
    await give(10, { scope: ["image"] });
    await ledger.credits.hold({ userId, amount: 15, feature: "image" });
    expect(await refusal(ledger.credits.consume({ userId, amount: 6 }))).toBe("insufficient_credits");
    await ledger.credits.consume({ userId, amount: 5 });
  });

  it("releases itself at its deadline: every check honours it before anything has booked it", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 3600 });
    pass(ledger, hour - 1);
    expect(await shown()).toEqual([100, 40, 60, 0]);
    pass(ledger, 1);
    expect(await shown()).toEqual([100, 100, 0, 0]);
    expect(await ledger.credits.getHold({ holdId })).toMatchObject({ status: "expired", captured: 0 });
    expect(await refusal(ledger.credits.capture({ holdId }))).toBe("invalid_state");
    expect(await refusal(ledger.credits.void({ holdId }))).toBe("invalid_state");
    await ledger.credits.consume({ userId, amount: 100 });
  });

  it("is booked by the sweep, which changes nothing that anybody sees, and once", async () => {
    await give(100);
    await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 60 });
    await ledger.credits.hold({ userId, amount: 10, expiresInSeconds: 7200 });
    pass(ledger, hour);
    const before = await shown();
    expect(await ledger.credits.releaseHolds()).toEqual({ released: 1, remaining: 0 });
    expect(await shown()).toEqual(before);
    expect(await ledger.credits.releaseHolds()).toEqual({ released: 0, remaining: 0 });
  });

  it("is captured although its lot has expired meanwhile, and the sweep takes only what was not held", async () => {
    await give(100, { hours: 1 });
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 7200 });
    pass(ledger, hour);
    expect(await shown()).toEqual([60, 0, 60, 0]);
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 40 });
    expect(await ledger.credits.capture({ holdId, amount: 50 })).toMatchObject({ balance: 0, available: 0 });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 10 });
  });

  it("gives an expired lot's part back as expired", async () => {
    await give(100, { hours: 1 });
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 7200 });
    pass(ledger, hour);
    expect(await ledger.credits.void({ holdId })).toMatchObject({ balance: 0, available: 0 });
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 100 });
  });

  it("refuses an unknown hold, a deadline that is past or too far, and both ways to say it", async () => {
    await give(100);
    expect(await refusal(ledger.credits.capture({ holdId: "7" }))).toBe("not_found");
    expect(await refusal(ledger.credits.capture({ holdId: "x" }))).toBe("not_found");
    expect(await refusal(ledger.credits.getHold({ holdId: "7" }))).toBe("not_found");
    const bad = [{ expiresInSeconds: 0 }, { expiresInSeconds: 2_592_001 }, { expiresInSeconds: 1.5 }];
    for (const input of [...bad, { expiresAt: start }, { expiresAt: new Date(start.getTime() + 31 * day) }]) {
      expect(await refusal(ledger.credits.hold({ userId, amount: 1, ...input }))).toBe("invalid_request");
    }
    const both = { expiresInSeconds: 5, expiresAt: new Date(start.getTime() + hour) };
    expect(await refusal(ledger.credits.hold({ userId, amount: 1, ...both }))).toBe("invalid_request");
    for (const amount of [0, -1, 1.5, 2 ** 53]) {
      expect(await refusal(ledger.credits.hold({ userId, amount }))).toBe("invalid_request");
    }
    expect(await shown()).toEqual([100, 100, 0, 0]);
  });

  it("is refused on a frozen account, while a hold from before is captured", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
    await ledger.credits.freeze({ userId, actor: "eve", reason: "fraud check" });
    expect(await refusal(ledger.credits.hold({ userId, amount: 1 }))).toBe("account_frozen");
    expect(await refusal(ledger.credits.consume({ userId, amount: 1 }))).toBe("account_frozen");
    await ledger.credits.capture({ holdId });
    await ledger.credits.unfreeze({ userId, actor: "eve", reason: "cleared" });
    await ledger.credits.consume({ userId, amount: 1 });
  });
});

describe("a capture above the hold", () => {
  it("is refused by default and leaves the hold open", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
    expect(await refusal(ledger.credits.capture({ holdId, amount: 11 }))).toBe("invalid_state");
    expect(await ledger.credits.getHold({ holdId })).toMatchObject({ status: "open" });
  });

  it("consumes the overage in the same transaction when asked", async () => {
    await give(100);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
    const result = await ledger.credits.capture({ holdId, amount: 35, overage: "consume" });
    expect(result).toMatchObject({ captured: 10, balance: 65, available: 65 });
    const { items } = await ledger.credits.history({ userId });
    expect(items.map(({ amount }) => amount)).toEqual([-25, -10, 100]);
  });

  it("refuses all when the overage can't be consumed: too few credits, or frozen", async () => {
    await give(30);
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
    const capture = { holdId, overage: "consume" } as const;
    expect(await refusal(ledger.credits.capture({ ...capture, amount: 31 }))).toBe("insufficient_credits");
    await ledger.credits.freeze({ userId, actor: "eve", reason: "x" });
    expect(await refusal(ledger.credits.capture({ ...capture, amount: 11 }))).toBe("account_frozen");
    expect(await shown()).toEqual([30, 20, 10, 0]);
    expect(await ledger.credits.getHold({ holdId })).toMatchObject({ status: "open" });
    await ledger.credits.unfreeze({ userId, actor: "eve", reason: "x" });
    expect(await ledger.credits.capture({ ...capture, amount: 30 })).toMatchObject({ balance: 0 });
  });
});

describe("a second settlement", () => {
  it("is refused, in any combination", async () => {
    await give(100);
    for (const first of ["capture", "void"] as const) {
      const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
      await ledger.credits[first]({ holdId });
      expect(await refusal(ledger.credits.capture({ holdId }))).toBe("invalid_state");
      expect(await refusal(ledger.credits.void({ holdId }))).toBe("invalid_state");
    }
    expect(await shown()).toEqual([90, 90, 0, 0]);
  });

  it("under the same key is a replay, also on a balance that is short since, and a conflict with other parameters", async () => {
    await give(100);
    const input = { userId, amount: 80, idempotencyKey: "h" };
    const held = await ledger.credits.hold(input);
    expect(await ledger.credits.hold(input)).toEqual({ ...held, replayed: true });
    expect(await refusal(ledger.credits.hold({ ...input, amount: 81 }))).toBe("idempotency_conflict");
    expect(await refusal(ledger.credits.consume({ userId, amount: 1, idempotencyKey: "h" }))).toBe(
      "idempotency_conflict",
    );
    const settle = { holdId: held.id, amount: 70, idempotencyKey: "s" };
    const captured = await ledger.credits.capture(settle);
    await ledger.credits.consume({ userId, amount: 30 });
    expect(await ledger.credits.capture(settle)).toEqual({ ...captured, replayed: true });
    expect(await refusal(ledger.credits.capture({ ...settle, amount: 71 }))).toBe("idempotency_conflict");
    expect(await refusal(ledger.credits.void({ holdId: held.id, idempotencyKey: "s" }))).toBe("idempotency_conflict");
    expect(await refusal(ledger.credits.consume({ userId, amount: 1, idempotencyKey: "s" }))).toBe(
      "idempotency_conflict",
    );
  });

  it("at the same moment from two callers settles once", async () => {
    await give(100);
    for (let round = 0; round < 20; round += 1) {
      const { id: holdId } = await ledger.credits.hold({ userId, amount: 4 });
      const outcomes = await Promise.all([
        refusal(ledger.credits.capture({ holdId })),
        refusal(ledger.credits.void({ holdId })),
      ]);
      expect(outcomes.toSorted()).toEqual(["invalid_state", "none"]);
    }
  });
});

describe("a hold on an account in debt", () => {
  it("is refused, and what an older hold releases pays the debt", async () => {
    const paymentId = "7";
    await ledger.database.transaction(async (tx) => {
      await tx.query("select tallystick.grant_credits('ann', 100, 'purchase_package', p_payment_id => 7)");
    });
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 60 });
    expect(await ledger.credits.settleReturns({ paymentId, paid: 10, returned: 10 })).toMatchObject({
      clawedBack: 100,
    });
    expect(await shown()).toEqual([0, 0, 60, 60]);
    expect(await refusal(ledger.credits.hold({ userId, amount: 1 }))).toBe("insufficient_credits");
    expect(await ledger.credits.capture({ holdId, amount: 15 })).toMatchObject({ balance: -15, available: 0 });
    expect(await shown()).toEqual([-15, 0, 0, 15]);
  });

  it("releases itself into the debt at its deadline, which reads show before it is booked", async () => {
    await ledger.database.query("select tallystick.grant_credits('ann', 100, 'purchase_package', p_payment_id => 7)");
    await give(5);
    await ledger.credits.hold({ userId, amount: 60, expiresInSeconds: 60 });
    await ledger.credits.settleReturns({ paymentId: "7", paid: 10, returned: 10 });
    expect(await shown()).toEqual([5, 0, 60, 55]);
    pass(ledger, 60_000);
    expect(await shown()).toEqual([5, 5, 0, 0]);
    const { lots } = await ledger.credits.balance({ userId });
    expect(lots.map(({ remaining }) => remaining)).toEqual([5]);
    expect(await ledger.credits.releaseHolds()).toMatchObject({ released: 1 });
    expect((await ledger.credits.balance({ userId })).lots).toEqual(lots);
    expect(await shown()).toEqual([5, 5, 0, 0]);
  });
});

describe("withHold", () => {
  it("captures what the work says that it cost, and answers what the work answers", async () => {
    await give(100);
    const answer = await ledger.credits.withHold({ userId, amount: 60 }, async ({ hold, use }) => {
      expect(await shown()).toEqual([100, 40, 60, 0]);
      use(11);
      return hold.amount;
    });
    expect(answer).toBe(60);
    expect(await shown()).toEqual([89, 89, 0, 0]);
  });

  it("captures all when the work says nothing, and nothing when it says 0", async () => {
    await give(100);
    await ledger.credits.withHold({ userId, amount: 60 }, async () => undefined);
    await ledger.credits.withHold({ userId, amount: 40 }, async ({ use }) => use(0));
    expect(await shown()).toEqual([40, 40, 0, 0]);
  });

  it("gives everything back when the work throws, but for what it had said to have used", async () => {
    await give(100);
    const boom = new Error("model overloaded");
    await expect(ledger.credits.withHold({ userId, amount: 60 }, async () => Promise.reject(boom))).rejects.toBe(boom);
    expect(await shown()).toEqual([100, 100, 0, 0]);
    const partial = ledger.credits.withHold({ userId, amount: 60 }, async ({ use }) => {
      use(7);
      throw boom;
    });
    await expect(partial).rejects.toBe(boom);
    expect(await shown()).toEqual([93, 93, 0, 0]);
  });

  it("does not begin the work when the credits are not there", async () => {
    let began = false;
    const work = ledger.credits.withHold({ userId, amount: 1 }, async () => {
      began = true;
    });
    expect(await refusal(work)).toBe("insufficient_credits");
    expect(began).toBe(false);
  });

  it("throws the work's own error when the deadline has gone by meanwhile", async () => {
    await give(100);
    const late = ledger.credits.withHold({ userId, amount: 60, expiresInSeconds: 1 }, async () => {
      pass(ledger, 2000);
      throw new Error("too slow");
    });
    await expect(late).rejects.toThrow("too slow");
    expect(await shown()).toEqual([100, 100, 0, 0]);
  });

  it("throws both errors when the work fails and its hold can't be settled", async () => {
    await give(100);
    const failed = ledger.credits.withHold({ userId, amount: 60 }, async () => {
      await ledger.database.query("alter table tallystick.credit_hold add constraint stuck check (status = 'open')");
      throw new Error("model overloaded");
    });
    await expect(failed).rejects.toMatchObject({
      errors: [{ message: "model overloaded" }, { message: expect.stringContaining("stuck") }],
    });
    await ledger.database.query("alter table tallystick.credit_hold drop constraint stuck");
    expect(await shown()).toEqual([100, 40, 60, 0]);
  });

  it("does not do the work again under a key whose hold is settled", async () => {
    await give(100);
    let times = 0;
    const work = async (): Promise<void> => {
      times += 1;
    };
    const input = { userId, amount: 60, idempotencyKey: "job" };
    await ledger.credits.withHold(input, work);
    expect(await refusal(ledger.credits.withHold(input, work))).toBe("invalid_state");
    expect([times, await shown()]).toEqual([1, [40, 40, 0, 0]]);
  });
});
