import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { callFunction } from "./context.ts";
import type { HistoryInput } from "./history.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const grant = async (userId: string, amount: number): Promise<unknown> =>
  ledger.credits.grant({ userId, amount, type: "adjustment", description: `grant of ${amount}` });

describe("history", () => {
  it("lists entries newest first, with what remains of a grant and nothing of a consumption", async () => {
    const expiresAt = new Date(Math.trunc(Date.now() / 1000) * 1000 + 60_000);
    await ledger.credits.grant({ userId: "ann", amount: 10, type: "register_gift", expiresAt });
    await ledger.credits.consume({ userId: "ann", amount: 4, description: "an image" });
    const { items, nextCursor } = await ledger.credits.history({ userId: "ann" });
    expect(nextCursor).toBeNull();
    const common = { id: expect.stringMatching(/^\d+$/), createdAt: expect.any(Date) };
    const unused = {
      paymentId: null,
      refundOfId: null,
      feature: null,
      member: null,
      actor: null,
      idempotencyKey: null,
      metadata: null,
    };
    expect(items).toEqual([
      {
        ...common,
        ...unused,
        userId: "ann",
        unit: "credit",
        seq: 2,
        operationId: items[0]?.id,
        type: "usage",
        amount: -4,
        balanceAfter: 6,
        remainingAmount: null,
        expirationDate: null,
        description: "an image",
      },
      {
        ...common,
        ...unused,
        userId: "ann",
        unit: "credit",
        seq: 1,
        operationId: items[1]?.id,
        type: "register_gift",
        amount: 10,
        balanceAfter: 10,
        remainingAmount: 6,
        expirationDate: expiresAt,
        description: null,
      },
    ]);
  });

  it("pages without repeating or skipping an entry, whatever is written between the pages", async () => {
    for (let n = 1; n <= 7; n += 1) await grant("bob", n);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await ledger.credits.history({ userId: "bob", limit: 3, cursor });
      seen.push(...page.items.map(({ amount }) => amount));
      await grant("bob", 100);
      await ledger.credits.consume({ userId: "bob", amount: 50 });
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it("ends with no cursor when the last page is exactly full", async () => {
    for (let n = 1; n <= 4; n += 1) await grant("eve", n);
    const first = await ledger.credits.history({ userId: "eve", limit: 2 });
    const second = await ledger.credits.history({ userId: "eve", limit: 2, cursor: first.nextCursor ?? "" });
    expect([first.nextCursor, second.nextCursor]).toEqual([expect.any(String), null]);
    expect(second.items.map(({ amount }) => amount)).toEqual([2, 1]);
  });

  it("of an account that does not exist is empty", async () => {
    expect(await ledger.credits.history({ userId: "nobody" })).toEqual({ items: [], nextCursor: null });
  });

  it.each([
    { limit: 0 },
    { limit: 101 },
    { limit: 1.5 },
    { limit: Number.NaN },
    { cursor: "" },
    { cursor: "-1" },
    { cursor: "1; drop table x" },
    { cursor: "7" },
    { cursor: "1-" },
    { cursor: `1-${"9".repeat(16)}` },
    { order: "up" as "asc" },
    { types: ["gift" as "usage"] },
    { sign: "+" as "positive" },
    { paymentId: "1; drop table x" },
    { operationId: "-1" },
    { feature: "" },
    { member: "m\0" },
    { from: new Date(Number.NaN) },
    { from: new Date(2), to: new Date(1) },
    { userId: "" },
    { unit: "Credit" },
  ])("refuses %j as invalid_request", async (wrong) => {
    await expect(ledger.credits.history({ userId: "ann", ...wrong })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("history filters", () => {
  const amounts = async (filter: Partial<HistoryInput>, userId = "filters"): Promise<number[]> =>
    (await ledger.credits.history({ userId, ...filter })).items.map(({ amount }) => amount);

  beforeAll(async () => {
    const userId = "filters";
    await ledger.credits.grant({
      userId,
      amount: 100,
      type: "register_gift",
      actor: "ann",
      metadata: { from: "a friend" },
    });
    await ledger.credits.consume({ userId, amount: 1, feature: "image", member: "m1", idempotencyKey: "k" });
    await ledger.credits.consume({ userId, amount: 2, feature: "text", member: "m2" });
    await ledger.credits.consume({ userId, amount: 3, feature: "image", member: "m2" });
    await callFunction(ledger.database, "grant_credits", {
      p_user_id: userId,
      p_amount: 50,
      p_type: "purchase_package",
      p_payment_id: 77,
    });
  });

  it.each<[Partial<HistoryInput>, number[]]>([
    [{}, [50, -3, -2, -1, 100]],
    [{ order: "asc" }, [100, -1, -2, -3, 50]],
    [{ types: ["usage"] }, [-3, -2, -1]],
    [{ types: ["register_gift", "purchase_package"] }, [50, 100]],
    [{ sign: "positive" }, [50, 100]],
    [{ sign: "negative", order: "asc" }, [-1, -2, -3]],
    [{ feature: "image" }, [-3, -1]],
    [{ member: "m2", feature: "image" }, [-3]],
    [{ paymentId: "77" }, [50]],
    [{ paymentId: "78" }, []],
  ])("answers for %j", async (filter, expected) => {
    expect(await amounts(filter)).toEqual(expected);
  });

  it("takes from as the first moment and to as the first that is no longer part, as all entries tell their own", async () => {
    const { items } = await ledger.credits.history({ userId: "filters", order: "asc" });
    for (const { createdAt } of items) {
      const next = new Date(createdAt.getTime() + 1);
      const within = items.filter((entry) => entry.createdAt.getTime() === createdAt.getTime());
      expect(await amounts({ from: createdAt, to: next, order: "asc" })).toEqual(within.map(({ amount }) => amount));
      const before = items.filter((entry) => entry.createdAt < createdAt);
      expect(await amounts({ to: createdAt, order: "asc" })).toEqual(before.map(({ amount }) => amount));
    }
  });

  it("keeps the running balance of the whole journal and shows who, what for and with what", async () => {
    const { items } = await ledger.credits.history({ userId: "filters", feature: "image" });
    expect(items.map(({ balanceAfter, member }) => [balanceAfter, member])).toEqual([
      [94, "m2"],
      [99, "m1"],
    ]);
    const [gift] = (await ledger.credits.history({ userId: "filters", types: ["register_gift"] })).items;
    expect(gift).toMatchObject({ actor: "ann", metadata: { from: "a friend" } });
  });

  it("answers all entries of one operation, and what a refund gives back", async () => {
    await ledger.credits.grant({ userId: "parts", amount: 5, type: "register_gift" });
    await ledger.credits.grant({ userId: "parts", amount: 5, type: "register_gift" });
    const debit = await ledger.credits.consume({ userId: "parts", amount: 8 });
    const refund = await ledger.credits.refund({ transactionId: debit.transactionId });
    const { items } = await ledger.credits.history({ userId: "parts", operationId: refund.transactionId });
    expect(items.map(({ type, amount, refundOfId }) => [type, amount, refundOfId])).toEqual([
      ["refund", 5, debit.transactionId],
      ["refund", 3, debit.transactionId],
    ]);
  });

  it.each(["asc", "desc"] as const)(
    "pages %s through a filter without repeating or skipping an entry",
    async (order) => {
      const userId = `pages-${order}`;
      for (let n = 1; n <= 9; n += 1) {
        await ledger.credits.grant({ userId, amount: n, type: n % 3 === 0 ? "register_gift" : "purchase_package" });
      }
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await ledger.credits.history({ userId, order, types: ["purchase_package"], limit: 2, cursor });
        seen.push(...page.items.map(({ amount }) => amount));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      const expected = [1, 2, 4, 5, 7, 8];
      expect(seen).toEqual(order === "asc" ? expected : expected.toReversed());
    },
  );
});

describe("balance", () => {
  it("of an account that does not exist is zero, and makes none", async () => {
    expect(await ledger.credits.balance({ userId: "nobody", unit: "token" })).toEqual({
      userId: "nobody",
      unit: "token",
      balance: 0,
      available: 0,
      held: 0,
      debt: 0,
      lots: [],
    });
    expect(await ledger.database.query("select id from tallystick.user_credit where user_id = 'nobody'")).toEqual([]);
  });

  it("names each live lot with its type, rest and expiry", async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const lot = await ledger.credits.grant({
      userId: "lots",
      amount: 10,
      type: "purchase_package",
      expiresAt,
      priority: 7,
    });
    await ledger.credits.consume({ userId: "lots", amount: 3 });
    const { lots } = await ledger.credits.balance({ userId: "lots" });
    expect(lots).toEqual([
      { id: lot.transactionId, type: "purchase_package", amount: 10, remaining: 7, expiresAt, priority: 7 },
    ]);
  });

  it.each([{ userId: "" }, { userId: "a\0" }, { userId: "u".repeat(256) }, { unit: "" }])(
    "refuses %j",
    async (wrong) => {
      await expect(ledger.credits.balance({ userId: "ann", ...wrong })).rejects.toMatchObject({
        code: "invalid_request",
      });
    },
  );
});

describe("a merged account", () => {
  it("tells what happened under it before the merge and what happens on its target since, in one order", async () => {
    const by = { actor: "ops", reason: "same person" };
    await grant("first", 10);
    await ledger.credits.consume({ userId: "first", amount: 4 });
    await grant("second", 100);
    await ledger.credits.merge({ fromUserId: "first", toUserId: "second", ...by });
    await ledger.credits.consume({ userId: "first", amount: 1 });
    await ledger.credits.merge({ fromUserId: "second", toUserId: "third", ...by });
    await grant("third", 7);
    const told = async (userId: string): Promise<unknown[]> => {
      const rows: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await ledger.credits.history({ userId, order: "asc", limit: 2, cursor });
        rows.push(...page.items.map((entry) => [entry.userId, entry.type, entry.amount, entry.balanceAfter]));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return rows;
    };
    const since = [
      ["second", "transfer_in", 6, 106],
      ["second", "usage", -1, 105],
      ["second", "transfer_out", -99, 6],
      ["second", "transfer_out", -6, 0],
      ["third", "transfer_in", 99, 99],
      ["third", "transfer_in", 6, 105],
      ["third", "adjustment", 7, 112],
    ];
    expect(await told("first")).toEqual([
      ["first", "adjustment", 10, 10],
      ["first", "usage", -4, 6],
      ["first", "transfer_out", -6, 0],
      ...since,
    ]);
    expect(await told("second")).toEqual([["second", "adjustment", 100, 100], ...since]);
    expect(await told("third")).toEqual(since.slice(4));
  });

  it("acts on its target in every operation", async () => {
    await grant("old", 1);
    await ledger.credits.consume({ userId: "old", amount: 1 });
    await grant("new", 10);
    await ledger.database.query(
      `update tallystick.user_credit set merged_into_id = (select id from tallystick.user_credit where user_id = 'new') where user_id = 'old'`,
    );
    await grant("old", 5);
    await ledger.credits.consume({ userId: "old", amount: 2 });
    expect(await ledger.credits.balance({ userId: "old" })).toMatchObject({ balance: 13 });
    expect(await ledger.credits.balance({ userId: "new" })).toMatchObject({ balance: 13 });
    expect((await ledger.credits.history({ userId: "old" })).items.map(({ amount }) => amount)).toEqual([
      -2, 5, 10, -1, 1,
    ]);
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});
