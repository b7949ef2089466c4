// Spending by quantity: priced once on the server, kept as an amount.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callApi, createTestEngine, uniqueId } from "../../test/support/engine.ts";
import { post, refusalOf } from "../../test/flows/api.ts";
import { connect, type Database } from "../db/database.ts";
import { defineCatalog, type Tallystick } from "../index.ts";

const catalog = defineCatalog({
  features: {
    image: { credits: 3 },
    tokens_gpt: { credits: "0.5", per: 1000 },
    video: { credits: 7, unit: "minute" },
    crumbs: { credits: 1, per: 10, rounding: "down", minimum: 0 },
  },
});
const refused = expect.objectContaining({ code: "invalid_request" });
let tally: Tallystick;
let sql: Database;
let userId: string;

beforeAll(async () => {
  const engine = await createTestEngine({ catalog });
  tally = engine.tally;
  sql = connect(engine.databaseUrl);
});
beforeEach(async () => {
  userId = uniqueId("user");
  for (const unit of ["credit", "minute"]) {
    await tally.credits.grant({ userId, unit, amount: 100, type: "purchase_package" });
  }
});
afterAll(async () => {
  await tally.close();
  await sql.close();
});

async function metadataOf(transactionId: string): Promise<unknown> {
  const [row] = await sql.query<{ metadata: unknown }>(
    "select metadata from tallystick.credit_transaction where id = $1",
    [transactionId],
  );
  return row?.metadata;
}

describe("consume with a quantity", () => {
  it("spends what the price table says, from the unit that the feature is priced in, and notes the quantity", async () => {
    expect(tally.credits.cost({ feature: "tokens_gpt", quantity: 12_345 })).toMatchObject({ amount: 7 });
    const tokens = await tally.credits.consume({ userId, feature: "tokens_gpt", quantity: 12_345 });
    expect(tokens.balance).toBe(93);
    expect(await metadataOf(tokens.transactionId)).toEqual({ quantity: 12_345 });
    const metadata = { model: "large", quantity: "two" };
    const video = await tally.credits.consume({ userId, feature: "video", quantity: 2, metadata });
    expect(video.balance).toBe(86);
    expect(await metadataOf(video.transactionId)).toEqual(metadata);
  });

  it("is the same request under its key as the amount that it costs", async () => {
    const idempotencyKey = "k";
    const first = await tally.credits.consume({ userId, feature: "image", quantity: 3, idempotencyKey });
    expect(first).toMatchObject({ balance: 91, replayed: false });
    const again = await tally.credits.consume({ userId, feature: "image", amount: 9, idempotencyKey });
    expect(again).toMatchObject({ transactionId: first.transactionId, replayed: true });
    await expect(tally.credits.consume({ userId, feature: "image", quantity: 4, idempotencyKey })).rejects.toThrow(
      expect.objectContaining({ code: "idempotency_conflict" }),
    );
  });

  it("is refused where the quantity has no price, no cost or another unit, and nothing is spent", async () => {
    for (const input of [
      { feature: "unknown", quantity: 1 },
      { feature: "crumbs", quantity: 9 },
      { feature: "video", quantity: 1, unit: "credit" },
      { feature: "image", quantity: 0.5 },
      { feature: "image", quantity: 1, amount: 3 } as unknown as { feature: string; quantity: number },
    ]) {
      await expect(tally.credits.consume({ userId, ...input })).rejects.toThrow(refused);
    }
    expect((await tally.credits.balance({ userId })).balance).toBe(100);
  });
});

describe("over REST", () => {
  it("answers what a quantity costs, or that the feature has no price", async () => {
    const answer = await callApi(tally, "/cost?feature=image&quantity=3");
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { feature: "image", quantity: 3, unit: "credit", amount: 9 },
    ]);
    for (const query of ["feature=nothing&quantity=1", "feature=image", "feature=image&quantity=1e3"]) {
      expect(await refusalOf(await callApi(tally, `/cost?${query}`))).toEqual([400, "invalid_request"]);
    }
  });

  it("consumes an amount or a quantity, and refuses both, neither, and a quantity of nothing", async () => {
    const consume = async (body: unknown): Promise<Response> =>
      callApi(tally, `/accounts/${userId}/consume`, post(body));
    expect(await (await consume({ feature: "image", quantity: 2 })).json()).toMatchObject({ balance: 94 });
    expect(await (await consume({ feature: "image", amount: 2 })).json()).toMatchObject({ balance: 92 });
    for (const body of [{ feature: "image" }, { quantity: 2 }, { feature: "image", quantity: 2, amount: 6 }]) {
      expect(await refusalOf(await consume(body))).toEqual([400, "invalid_request"]);
    }
  });
});
