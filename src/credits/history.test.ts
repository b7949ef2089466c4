import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";

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
