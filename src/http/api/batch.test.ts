import { beforeAll, describe, expect, it } from "vitest";
import { post, refusalOf } from "../../../test/flows/api.ts";
import { callApi, createTestEngine, uniqueId } from "../../../test/support/engine.ts";
import type { Tallystick } from "../../index.ts";

let tally: Tallystick;
beforeAll(async () => {
  ({ tally } = await createTestEngine());
  return async () => tally.close();
});

const send = async (body: unknown): Promise<Response> => callApi(tally, "/consume-batch", post(body));

describe("POST /consume-batch", () => {
  it("answers what became of each item, in order: spent, refused, replayed, another unit", async () => {
    const userId = uniqueId("user");
    await tally.credits.grant({ userId, amount: 10, type: "adjustment" });
    await tally.credits.grant({ userId, unit: "token", amount: 7, type: "adjustment" });
    const keyed = { userId, amount: 4, idempotencyKey: "k", member: "m", feature: "image", metadata: { job: 1 } };
    const response = await send({
      items: [keyed, { userId, amount: 7 }, keyed, { userId, amount: 7, unit: "token", description: "tokens" }],
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const first = { ok: true, balance: 6, available: 6, transactionId: expect.stringMatching(/^\d+$/) as string };
    expect(await response.json()).toMatchObject({
      items: [
        { ...first, replayed: false, allocations: [{ amount: 4 }] },
        { ok: false, error: { code: "insufficient_credits", balance: 6, available: 6 } },
        { ...first, replayed: true },
        { ok: true, balance: 0 },
      ],
    });
    const { items } = await tally.credits.history({ userId });
    expect(items.map(({ amount }) => amount)).toEqual([-4, 10]);
  });

  it("takes a batch larger than other bodies may be", async () => {
    const userId = uniqueId("user");
    await tally.credits.grant({ userId, amount: 2000, type: "adjustment" });
    const items = Array.from({ length: 2000 }, (_none, n) => ({ userId, amount: 1, idempotencyKey: `key-${n}` }));
    const response = await send({ items });
    expect(response.status).toBe(200);
    const body = (await response.json()) as { items: { ok: boolean }[] };
    expect(body.items.filter(({ ok }) => ok)).toHaveLength(2000);
  });

  it.each([
    ["no items", {}],
    ["items that are no list", { items: "all" }],
    ["an item without a user", { items: [{ amount: 1 }] }],
    ["an item with a fraction", { items: [{ userId: "ada", amount: 1.5 }] }],
    ["an item with an unknown field", { items: [{ userId: "ada", amount: 1, amout: 2 }] }],
    ["too many items", { items: Array.from({ length: 10_001 }, () => ({ userId: "ada", amount: 1 })) }],
  ])("is 400 as a whole for %s", async (_, body) => {
    expect(await refusalOf(await send(body))).toEqual([400, "invalid_request"]);
  });

  it("is 413 beyond its own limit, and other paths keep theirs", async () => {
    const items = [{ userId: "ada", amount: 1, metadata: { text: "x".repeat(9 * 1024 * 1024) } }];
    expect(await refusalOf(await send({ items }))).toEqual([413, "payload_too_large"]);
    const large = post({ amount: 1, description: "x".repeat(70_000) });
    expect(await refusalOf(await callApi(tally, "/accounts/ada/consume", large))).toEqual([413, "payload_too_large"]);
  });
});
