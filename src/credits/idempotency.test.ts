import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-03-01T12:00:00Z") });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const type = "adjustment";

describe("an idempotency key", () => {
  it("answers a repeated grant as it was answered first, whatever has happened since", async () => {
    const grant = { userId: "g", amount: 10, type, idempotencyKey: "k" } as const;
    const first = await ledger.credits.grant(grant);
    await ledger.credits.consume({ userId: "g", amount: 7 });
    await ledger.credits.grant({ userId: "g", amount: 100, type });
    expect(await ledger.credits.grant(grant)).toEqual({ ...first, replayed: true });
    expect(await ledger.credits.balance({ userId: "g" })).toMatchObject({ balance: 103 });
  });

  it("answers a repeated consumption before the balance is looked at", async () => {
    await ledger.credits.grant({ userId: "c", amount: 10, type });
    const first = await ledger.credits.consume({ userId: "c", amount: 10, idempotencyKey: "k" });
    expect(await ledger.credits.consume({ userId: "c", amount: 10, idempotencyKey: "k" })).toEqual({
      ...first,
      replayed: true,
    });
  });

  it("is not spent by a refusal: the same request succeeds later", async () => {
    await ledger.credits.grant({ userId: "r", amount: 1, type });
    const consume = { userId: "r", amount: 5, idempotencyKey: "k" };
    await expect(ledger.credits.consume(consume)).rejects.toMatchObject({ code: "insufficient_credits" });
    await ledger.credits.grant({ userId: "r", amount: 9, type });
    expect(await ledger.credits.consume(consume)).toMatchObject({ balance: 5, replayed: false });
  });

  it("is a conflict with another amount, type, priority, feature or operation", async () => {
    await ledger.credits.grant({ userId: "x", amount: 10, type, idempotencyKey: "g" });
    await ledger.credits.consume({ userId: "x", amount: 1, feature: "image", idempotencyKey: "c" });
    const conflict = { code: "idempotency_conflict", status: 409 };
    const { grant, consume } = ledger.credits;
    await expect(grant({ userId: "x", amount: 11, type, idempotencyKey: "g" })).rejects.toMatchObject(conflict);
    await expect(grant({ userId: "x", amount: 10, type: "register_gift", idempotencyKey: "g" })).rejects.toMatchObject(
      conflict,
    );
    await expect(grant({ userId: "x", amount: 10, type, priority: 1, idempotencyKey: "g" })).rejects.toMatchObject(
      conflict,
    );
    await expect(grant({ userId: "x", amount: 1, type, idempotencyKey: "c" })).rejects.toMatchObject(conflict);
    await expect(consume({ userId: "x", amount: 10, idempotencyKey: "g" })).rejects.toMatchObject(conflict);
    await expect(consume({ userId: "x", amount: 2, feature: "image", idempotencyKey: "c" })).rejects.toMatchObject(
      conflict,
    );
    await expect(consume({ userId: "x", amount: 1, feature: "video", idempotencyKey: "c" })).rejects.toMatchObject(
      conflict,
    );
    await expect(consume({ userId: "x", amount: 1, idempotencyKey: "c" })).rejects.toMatchObject(conflict);
    expect((await ledger.credits.history({ userId: "x" })).items).toHaveLength(2);
  });

  it("does not compare description, metadata, actor and times, so that a retry may differ in them", async () => {
    const expiresAt = new Date((ledger.now?.getTime() ?? 0) + day);
    const first = await ledger.credits.grant({
      userId: "d",
      amount: 10,
      type,
      idempotencyKey: "k",
      expiresAt,
      description: "one",
    });
    await ledger.credits.consume({ userId: "d", amount: 3, idempotencyKey: "c", metadata: { attempt: 1 } });
    const again = {
      userId: "d",
      amount: 10,
      type,
      idempotencyKey: "k",
      description: "two",
      metadata: { a: 1 },
      actor: "bob",
    } as const;
    expect(await ledger.credits.grant(again)).toEqual({ ...first, replayed: true });
    expect(
      await ledger.credits.consume({ userId: "d", amount: 3, idempotencyKey: "c", description: "x" }),
    ).toMatchObject({ replayed: true });
    // The retry's expiry is over by now: it is a replay all the same.
    pass(ledger, 2 * day);
    expect(await ledger.credits.grant({ ...again, expiresAt })).toEqual({ ...first, replayed: true });
    expect((await ledger.credits.history({ userId: "d" })).items.map(({ description }) => description)).toEqual([
      null,
      "one",
    ]);
  });

  it("belongs to its account and unit", async () => {
    for (const account of [{ userId: "a1" }, { userId: "a2" }, { userId: "a1", unit: "token" }]) {
      expect(await ledger.credits.grant({ ...account, amount: 1, type, idempotencyKey: "shared" })).toMatchObject({
        replayed: false,
      });
    }
  });

  it("of a hold or of a hold's settlement is a conflict for other operations", async () => {
    await ledger.credits.grant({ userId: "h", amount: 10, type });
    const { id: holdId } = await ledger.credits.hold({ userId: "h", amount: 1, idempotencyKey: "hold" });
    await ledger.credits.void({ holdId, idempotencyKey: "settle" });
    for (const idempotencyKey of ["hold", "settle"]) {
      await expect(ledger.credits.consume({ userId: "h", amount: 1, idempotencyKey })).rejects.toMatchObject({
        code: "idempotency_conflict",
      });
    }
  });
});
