import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";
import type { GrantType } from "./input.ts";

const now = new Date("2026-03-01T12:00:00Z");
const later = new Date("2026-04-01T12:00:00Z");

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const grant = { userId: "ann", amount: 10, type: "adjustment" } as const;

async function rows(table: string): Promise<number> {
  const [row] = await ledger.database.query<{ n: number }>(`select count(*) as n from tallystick.${table}`);
  return row?.n ?? -1;
}

describe("grant refuses as invalid_request, writing nothing, not even an account:", () => {
  it.each([
    ["amount 0", { amount: 0 }],
    ["amount -1", { amount: -1 }],
    ["amount 0.5", { amount: 0.5 }],
    ["amount 1e308", { amount: 1e308 }],
    ["amount 2^53", { amount: 2 ** 53 }],
    ["amount NaN", { amount: Number.NaN }],
    ["amount Infinity", { amount: Infinity }],
    ["a text for an amount", { amount: "10" as unknown as number }],
    ["a bigint for an amount", { amount: 10n as unknown as number }],
    ["no amount", { amount: undefined as unknown as number }],
    ["an empty user id", { userId: "" }],
    ["a user id of 256 characters", { userId: "x".repeat(256) }],
    ["a user id with U+0000", { userId: "a\0b" }],
    ["half a character as user id, which would be stored as another", { userId: "a\ud800" }],
    ["no user id", { userId: undefined as unknown as string }],
    ["a number for a user id", { userId: 7 as unknown as string }],
    ["an empty unit", { unit: "" }],
    ["a unit in capitals", { unit: "Credit" }],
    ["a unit that begins with a digit", { unit: "2nd" }],
    ["a unit with a line break", { unit: "credit\n" }],
    ["a unit of 33 characters", { unit: "u".repeat(33) }],
    ["a unit with SQL in it", { unit: "credit'; drop table x; --" }],
    ["a type that callers may not grant", { type: "refund" as GrantType }],
    ["a type that does not exist", { type: "gift" as GrantType }],
    ["a negative priority", { priority: -1 }],
    ["a priority above 1000", { priority: 1001 }],
    ["half a priority", { priority: 0.5 }],
    ["an expiry that is no date", { expiresAt: new Date("no date") }],
    ["a text for an expiry", { expiresAt: "2030-01-01" as unknown as Date }],
    ["an expiry in the past", { expiresAt: new Date(now.getTime() - 1) }],
    ["an expiry at this moment", { expiresAt: now }],
    ["an expiry that is not after the first effective moment", { effectiveAt: later, expiresAt: later }],
    ["an effective moment that is no date", { effectiveAt: new Date(Number.NaN) }],
    ["an empty key", { idempotencyKey: "" }],
    ["a key of 256 characters", { idempotencyKey: "k".repeat(256) }],
    ["a key with U+0000", { idempotencyKey: "k\0" }],
    ["a description of 1,001 characters", { description: "d".repeat(1001) }],
    ["a description with U+0000", { description: "\0" }],
    ["metadata with U+0000", { metadata: { note: "a\0b" } }],
    ["metadata with half a character", { metadata: { note: "\ud800" } }],
    ["metadata that is no JSON", { metadata: { n: 1n } }],
    ["an actor of 256 characters", { actor: "a".repeat(256) }],
  ])("%s", async (_, wrong) => {
    const before = [await rows("user_credit"), await rows("credit_transaction")];
    await expect(ledger.credits.grant({ ...grant, userId: "nobody", ...wrong })).rejects.toMatchObject({
      code: "invalid_request",
      status: 400,
    });
    expect([await rows("user_credit"), await rows("credit_transaction")]).toEqual(before);
  });
});

describe("grant", () => {
  it("takes the limits of every field", async () => {
    const userId = "u".repeat(255);
    const result = await ledger.credits.grant({
      userId,
      unit: `u${"_9".repeat(15)}z`,
      amount: Number.MAX_SAFE_INTEGER,
      type: "register_gift",
      priority: 1000,
      idempotencyKey: "k".repeat(255),
      description: "d".repeat(1000),
      actor: "a".repeat(255),
      metadata: { a: [1, { b: null }] },
      effectiveAt: new Date(0),
      expiresAt: new Date("9999-12-31T23:59:59.999Z"),
    });
    expect(result).toMatchObject({
      balance: Number.MAX_SAFE_INTEGER,
      available: Number.MAX_SAFE_INTEGER,
      replayed: false,
    });
  });

  it("stores every text literally, whatever SQL it looks like", async () => {
    const text = `x'); drop table tallystick.user_credit; -- $1 $$ \\ " {} %s 😀`;
    await ledger.credits.grant({
      ...grant,
      userId: text,
      idempotencyKey: text,
      description: text,
      actor: text,
      metadata: { [text]: text },
    });
    const consumed = {
      userId: text,
      amount: 1,
      feature: text,
      idempotencyKey: `${text}2`,
      description: text,
      metadata: { text },
    };
    await ledger.credits.consume(consumed);
    expect(await ledger.credits.balance({ userId: text })).toMatchObject({ userId: text, balance: 9 });
    const stored = await ledger.database.query(
      `select idempotency_key, description, actor, metadata from tallystick.credit_transaction entry
       join tallystick.user_credit account on account.id = entry.account_id where user_id = $1 order by entry.seq`,
      [text],
    );
    expect(stored).toEqual([
      { idempotency_key: text, description: text, actor: text, metadata: { [text]: text } },
      { idempotency_key: `${text}2`, description: text, actor: null, metadata: { text } },
    ]);
  });

  it("keeps units apart", async () => {
    await ledger.credits.grant({ ...grant, userId: "units", idempotencyKey: "k" });
    await ledger.credits.grant({ ...grant, userId: "units", unit: "token", amount: 5, idempotencyKey: "k" });
    expect(await ledger.credits.balance({ userId: "units" })).toMatchObject({ unit: "credit", balance: 10 });
    expect(await ledger.credits.balance({ userId: "units", unit: "token" })).toMatchObject({
      unit: "token",
      balance: 5,
    });
  });

  it("takes an effective moment in the past for now", async () => {
    const { balance } = await ledger.credits.grant({ ...grant, userId: "past", effectiveAt: new Date(0) });
    expect(balance).toBe(10);
  });

  it("refuses what would bring the balance above 2^53-1, and the account goes on", async () => {
    await ledger.credits.grant({ ...grant, userId: "rich", amount: Number.MAX_SAFE_INTEGER - 5 });
    await expect(ledger.credits.grant({ ...grant, userId: "rich", amount: 6 })).rejects.toMatchObject({
      code: "balance_limit",
    });
    expect(await ledger.credits.grant({ ...grant, userId: "rich", amount: 5 })).toMatchObject({
      balance: Number.MAX_SAFE_INTEGER,
    });
    expect(await ledger.credits.consume({ userId: "rich", amount: Number.MAX_SAFE_INTEGER })).toMatchObject({
      balance: 0,
    });
  });

  it("with several lots shows and burns them by priority, then scope, then expiry, then age", async () => {
    const userId = "order";
    const soon = new Date("2026-03-02T12:00:00Z");
    const give = async (amount: number, terms: object): Promise<unknown> =>
      ledger.credits.grant({ ...grant, userId, amount, ...terms });
    await give(1, { priority: 200, expiresAt: soon });
    await give(2, {});
    await give(3, {});
    await give(4, { expiresAt: later });
    await give(5, { expiresAt: soon });
    await ledger.database.query(
      "select tallystick.grant_credits(p_user_id => $1, p_amount => 6, p_type => 'adjustment', p_scope => array['image', 'video'])",
      [userId],
    );
    await give(7, { priority: 0 });
    const { lots } = await ledger.credits.balance({ userId });
    expect(lots.map(({ amount }) => amount)).toEqual([7, 6, 5, 4, 2, 3, 1]);
    const { allocations } = await ledger.credits.consume({ userId, amount: 28, feature: "video" });
    expect(allocations.map(({ amount }) => amount)).toEqual([7, 6, 5, 4, 2, 3, 1]);
  });
});
