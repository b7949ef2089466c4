import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";
import { enrolForFact } from "./enrol.ts";
import { grantForFact } from "./grant.ts";

const start = new Date("2026-03-01T12:00:00Z");
const by = { actor: "eve", reason: "same person" } as const;
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger({ now: start });
});
afterEach(async () => closeAudited(ledger));

const give = async (
  userId: string,
  amount: number,
  input: { hours?: number; priority?: number; scope?: string[] } = {},
) => {
  const { hours, ...rest } = input;
  const expiresAt = hours === undefined ? undefined : new Date((ledger.now?.getTime() ?? 0) + hours * hour);
  return ledger.credits.grant({ userId, amount, type: "adjustment", expiresAt, ...rest });
};
const shown = async (userId: string): Promise<readonly number[]> => {
  const { balance, available, held, debt } = await ledger.credits.balance({ userId });
  return [balance, available, held, debt];
};
const merge = async (fromUserId: string, toUserId: string) => ledger.credits.merge({ fromUserId, toUserId, ...by });
const freezeOf = async (userId: string): Promise<unknown> => {
  const [row] = await ledger.database.query(
    "select frozen_at, frozen_by, frozen_reason from tallystick.user_credit where user_id = $1",
    [userId],
  );
  return row;
};
const buy = async (userId: string, amount: number, paymentId: number) =>
  ledger.database.transaction(async (tx) =>
    grantForFact(tx, {
      userId,
      amount,
      type: "purchase_package",
      validDays: null,
      paymentId,
      provider: "stripe",
      fact: `pack${paymentId}`,
      description: "pack",
    }),
  );

describe("merge", () => {
  it("moves every lot as it is, and makes the first id an alias of the second", async () => {
    await give("ann", 10, { hours: 5, priority: 3 });
    await give("ann", 20, { scope: ["image"] });
    await give("bob", 5);
    expect(await merge("ann", "bob")).toEqual({ moved: 30, debt: 0 });
    const { lots } = await ledger.credits.balance({ userId: "bob" });
    expect(lots.map(({ remaining, priority }) => [remaining, priority])).toEqual([
      [10, 3],
      [20, 100],
      [5, 100],
    ]);
    expect(await ledger.credits.consume({ userId: "ann", amount: 12 })).toMatchObject({ balance: 23 });
    await give("ann", 1);
    expect(await shown("bob")).toEqual(await shown("ann"));
  });

  it("repeated finds the work done, and a round is refused", async () => {
    await give("ann", 10);
    await merge("ann", "bob");
    expect(await merge("ann", "bob")).toEqual({ moved: 0, debt: 0 });
    expect(await refusal(merge("bob", "ann"))).toBe("invalid_request");
    expect(await refusal(merge("bob", "bob"))).toBe("invalid_request");
    expect(await refusal(merge("ann", "cat"))).toBe("invalid_state");
    await merge("bob", "cat");
    expect(await shown("ann")).toEqual([10, 10, 0, 0]);
    expect(await merge("nobody", "cat")).toEqual({ moved: 0, debt: 0 });
  });

  it("is refused while the first has open holds, and not for those past their deadline", async () => {
    await give("ann", 10);
    await ledger.credits.hold({ userId: "ann", amount: 4, expiresInSeconds: 60 });
    expect(await refusal(merge("ann", "bob"))).toBe("invalid_state");
    expect(await shown("ann")).toEqual([10, 6, 4, 0]);
    pass(ledger, 60_000);
    await merge("ann", "bob");
    expect(await shown("bob")).toEqual([10, 10, 0, 0]);
  });

  it("moves debt, which the target's credits pay, and the claw-back is still put back", async () => {
    await buy("ann", 100, 1);
    await ledger.credits.consume({ userId: "ann", amount: 70 });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned: 10 });
    await give("bob", 50);
    expect(await merge("ann", "bob")).toEqual({ moved: 0, debt: 70 });
    expect(await shown("bob")).toEqual([-20, 0, 0, 20]);
    const orphans = await ledger.database.query(`select id from tallystick.credit_transaction entry
      where not exists (select from tallystick.credit_transaction first where first.id = coalesce(entry.operation_id, entry.id))`);
    expect(orphans).toEqual([]);
    await ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned: 0 });
    expect(await shown("bob")).toEqual([80, 80, 0, 0]);
  });

  it("pays the target's debt with what comes", async () => {
    await buy("bob", 100, 1);
    await ledger.credits.consume({ userId: "bob", amount: 100 });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned: 10 });
    await give("ann", 130);
    await merge("ann", "bob");
    expect(await shown("bob")).toEqual([30, 30, 0, 0]);
  });

  it("takes a returned payment of the first account back from the target", async () => {
    await buy("ann", 100, 1);
    await merge("ann", "bob");
    await ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned: 5 });
    expect(await shown("bob")).toEqual([50, 50, 0, 0]);
  });

  it("keeps keys known under the id they were used with", async () => {
    await give("ann", 10);
    await give("bob", 10);
    const input = { userId: "ann", amount: 3, idempotencyKey: "k" };
    const first = await ledger.credits.consume(input);
    await merge("ann", "bob");
    expect(await ledger.credits.consume(input)).toEqual({ ...first, replayed: true });
    expect(await refusal(ledger.credits.consume({ ...input, amount: 4 }))).toBe("idempotency_conflict");
    // Under the target's id the key is new.
    expect(await ledger.credits.consume({ ...input, userId: "bob" })).toMatchObject({ replayed: false });
  });

  it("gives a debit of before the merge back to the target, also by its key", async () => {
    await give("ann", 10);
    await ledger.credits.consume({ userId: "ann", amount: 6, idempotencyKey: "k" });
    await merge("ann", "bob");
    expect(await ledger.credits.refund({ userId: "ann", debitKey: "k" })).toMatchObject({ refunded: 6, balance: 10 });
    expect(await shown("bob")).toEqual([10, 10, 0, 0]);
  });

  it("moves enrolments, ends a free plan that both have, and never ends what was paid for", async () => {
    const paid = {
      planId: "pro",
      type: "subscription_renewal",
      quantity: 1,
      periodCount: 12,
      provider: "stripe",
    } as const;
    const pro = [{ id: "pro", credits: 1000, validDays: 30 }];
    for (const userId of ["ann", "bob"]) {
      await ledger.credits.enrol({ userId, planId: "keep" });
      await ledger.database.transaction(async (tx) =>
        enrolForFact(tx, pro, { ...paid, userId, paymentId: 1, fact: `line ${userId}` }),
      );
    }
    await ledger.credits.enrol({ userId: "ann", planId: "free" });
    await merge("ann", "bob");
    pass(ledger, 31 * day);
    expect(await ledger.credits.distribute()).toMatchObject({ count: 4, credits: 7 + 1000 + 1000 + 50 });
  });

  it("moves limits that the target has none of, and they count what the target has spent", async () => {
    await give("bob", 100);
    await ledger.credits.consume({ userId: "bob", amount: 30 });
    await give("ann", 100);
    await ledger.credits.setLimit({ userId: "ann", period: "day", amount: 40 });
    await merge("ann", "bob");
    expect(await ledger.credits.limits({ userId: "bob" })).toMatchObject([{ period: "day", amount: 40, spent: 30 }]);
    expect(await refusal(ledger.credits.consume({ userId: "ann", amount: 11 }))).toBe("spend_limit_exceeded");
  });

  it("takes a freeze along with its moment, actor and reason, so that frozen credits stay unspent", async () => {
    await give("ann", 10);
    await give("bob", 5);
    await ledger.credits.freeze({ userId: "ann", actor: "mallory", reason: "chargebacks" });
    await ledger.credits.freeze({ userId: "bob", ...by });
    await ledger.credits.unfreeze({ userId: "bob", ...by });
    pass(ledger, hour);
    await merge("ann", "bob");
    expect(await freezeOf("bob")).toEqual({ frozen_at: start, frozen_by: "mallory", frozen_reason: "chargebacks" });
    expect(await refusal(ledger.credits.consume({ userId: "bob", amount: 1 }))).toBe("account_frozen");
    expect(await refusal(ledger.credits.hold({ userId: "ann", amount: 1 }))).toBe("account_frozen");
    await ledger.credits.unfreeze({ userId: "ann", ...by });
    expect(await ledger.credits.consume({ userId: "bob", amount: 15 })).toMatchObject({ balance: 0 });
  });

  it("leaves a frozen target frozen as it was, whatever the first account is", async () => {
    await ledger.credits.freeze({ userId: "bob", actor: "mallory", reason: "chargebacks" });
    const before = await freezeOf("bob");
    pass(ledger, hour);
    await give("cat", 10);
    await merge("cat", "bob");
    expect(await freezeOf("bob")).toEqual(before);
    await ledger.credits.freeze({ userId: "ann", ...by });
    await merge("ann", "bob");
    expect(await freezeOf("bob")).toEqual(before);
    expect(await refusal(ledger.credits.consume({ userId: "cat", amount: 1 }))).toBe("account_frozen");
  });

  it("and its opposite at once: one of them is done", async () => {
    for (let round = 0; round < 10; round += 1) {
      const [one, two] = [`one${round}`, `two${round}`];
      await give(one, 10);
      await give(two, 10);
      const outcomes = await Promise.all([refusal(merge(one, two)), refusal(merge(two, one))]);
      expect(outcomes.toSorted()).toEqual(["invalid_request", "none"]);
      expect(await shown(one)).toEqual([20, 20, 0, 0]);
    }
  });
});

describe("freeze", () => {
  it("repeated keeps the first moment, and an account frozen before its first grant is frozen", async () => {
    await ledger.credits.freeze({ userId: "ann", ...by });
    pass(ledger, hour);
    await ledger.credits.freeze({ userId: "ann", actor: "mallory", reason: "other" });
    expect(await freezeOf("ann")).toEqual({ frozen_at: start, frozen_by: "eve", frozen_reason: "same person" });
    await give("ann", 10);
    expect(await refusal(ledger.credits.consume({ userId: "ann", amount: 1 }))).toBe("account_frozen");
  });
});

describe("erase", () => {
  it("forgets the person in every unit and keeps the ledger", async () => {
    await ledger.credits.grant({
      userId: "ann",
      amount: 10,
      type: "adjustment",
      description: "for Ann",
      metadata: { a: 1 },
    });
    await ledger.credits.grant({ userId: "ann", unit: "token", amount: 10, type: "adjustment" });
    await ledger.credits.hold({ userId: "ann", amount: 3, description: "Ann's picture" });
    await give("old-ann", 5);
    await merge("old-ann", "ann");
    expect(await ledger.credits.erase({ userId: "ann" })).toEqual({
      accounts: 3,
      alias: expect.stringMatching(/^erased:/),
    });
    expect(await shown("ann")).toEqual([0, 0, 0, 0]);
    const [left] = await ledger.database.query<{ text: string }>(`select string_agg(to_jsonb(t)::text, '') || (
        select string_agg(to_jsonb(h)::text, '') from tallystick.credit_hold h) || (
        select string_agg(to_jsonb(u)::text, '') from tallystick.user_credit u) as text
      from tallystick.credit_transaction t`);
    expect(left?.text.toLowerCase()).not.toContain("ann");
    expect(await ledger.credits.erase({ userId: "ann" })).toMatchObject({ accounts: 0 });
  });
});
