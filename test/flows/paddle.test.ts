// What is Paddle's own about payments: adjustments that add up, customers that nobody can claim, months that pause.
import { describe, expect, it } from "vitest";
import { paddle } from "../../src/payment/provider/paddle.ts";
import { adjustment, subscription, transaction, type AdjustmentInput } from "../payment-conformance/paddle-objects.ts";
import { testCatalog } from "../support/engine.ts";
import { PADDLE_SECRET, paddleBody, sendPaddleBody, type PaddleEvent } from "../support/paddle.ts";
import { everyOrderOf, permutations, type Buyer } from "./every-order.ts";
import { journal, setUp, type Setup } from "./setup.ts";

const setUpPaddle = async (options: Parameters<typeof setUp>[0] = {}): Promise<Setup> =>
  setUp({ catalog: testCatalog, payment: paddle({ webhookSecrets: PADDLE_SECRET }), ...options });

async function tell({ tally }: Setup, type: string, data: object): Promise<void> {
  expect((await sendPaddleBody(tally, paddleBody({ type, data }))).status).toBe(200);
  await tally.drain();
}

describe("in every order", { timeout: 240_000 }, () => {
  const bought = ({ userId, id }: Buyer): PaddleEvent => ({
    type: "transaction.completed",
    data: transaction({
      id: id("txn"),
      customer: id("ctm"),
      userId,
      lines: [{ id: id("item"), priceId: "price_credits_max", subtotal: 999 }],
    }),
  });
  const adjusted = ({ id }: Buyer, word: string, input: Pick<AdjustmentInput, "action" | "amount" | "status">) => ({
    type: input.status === "reversed" ? "adjustment.updated" : "adjustment.created",
    data: adjustment({ id: id(word), transaction: id("txn"), ...input }),
  });
  const left = async (flow: (buyer: Buyer) => readonly PaddleEvent[], length: number): Promise<number> => {
    const setup = await setUpPaddle();
    const { balance } = await everyOrderOf(setup, {
      flow,
      orders: permutations(Array.from({ length }, (_, index) => index)),
      send: async (event) => sendPaddleBody(setup.tally, paddleBody(event)),
    });
    return balance.available;
  };

  it("a chargeback that is won after a partial refund leaves the refund", async () => {
    const flow = (buyer: Buyer): PaddleEvent[] => [
      bought(buyer),
      adjusted(buyer, "adj_1", { action: "refund", amount: 333 }),
      adjusted(buyer, "adj_2", { action: "chargeback", amount: 999 }),
      adjusted(buyer, "adj_2", { action: "chargeback", amount: 999, status: "reversed" }),
      adjusted(buyer, "adj_3", { action: "chargeback_reverse", amount: 999 }),
    ];
    expect(await left(flow, 5)).toBe(800);
  });

  it("a second chargeback after a won one takes everything again", async () => {
    const flow = (buyer: Buyer): PaddleEvent[] => [
      bought(buyer),
      adjusted(buyer, "adj_1", { action: "chargeback", amount: 999 }),
      adjusted(buyer, "adj_2", { action: "chargeback_reverse", amount: 999 }),
      adjusted(buyer, "adj_3", { action: "chargeback", amount: 999 }),
    ];
    expect(await left(flow, 4)).toBe(0);
  });
});

describe("an event", () => {
  it("that Paddle sends again, as another notification, is the same event", async () => {
    const setup = await setUpPaddle();
    const event = {
      type: "transaction.completed",
      eventId: "evt_1",
      data: transaction({ userId: "ada", lines: [{ priceId: "price_credits_basic" }] }),
    };
    for (let time = 0; time < 2; time += 1) await sendPaddleBody(setup.tally, paddleBody(event));
    expect((await setup.tally.events.list()).items).toHaveLength(1);
  });

  it("of a refund that comes before its transaction is applied by itself once that is told", async () => {
    const setup = await setUpPaddle();
    await tell(setup, "adjustment.created", adjustment({ id: "adj_1", transaction: "txn_1", amount: 2000 }));
    expect((await setup.tally.tasks.list()).items).toMatchObject([
      { status: "pending", lane: "paddle:txn_1", lastError: expect.stringContaining("txn_1") as string },
    ]);
    const lines = [{ priceId: "price_credits_basic" }];
    await tell(setup, "transaction.completed", transaction({ id: "txn_1", userId: "ada", lines }));
    await setup.tally.drain();
    expect((await setup.tally.tasks.list()).items.map(({ status }) => status)).toEqual(["done", "done"]);
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 0, debt: 0 });
  });
});

describe("the user in custom data, which the payer's browser can set", () => {
  it("is who is paid for, and takes no customer from its user", async () => {
    const setup = await setUpPaddle();
    const lines = [{ priceId: "price_credits_basic" }];
    await tell(setup, "transaction.completed", transaction({ customer: "ctm_1", userId: "ada", lines }));
    await tell(setup, "transaction.completed", transaction({ customer: "ctm_1", userId: "mallory", lines }));
    await tell(setup, "transaction.completed", transaction({ customer: "ctm_1", lines }));
    expect((await journal(setup.sql)).map(({ user_id, amount }) => `${user_id} ${amount}`)).toEqual([
      "ada 100",
      "ada 100",
      "mallory 100",
    ]);
  });
});

describe("an erased user", () => {
  it("is not named by events of the customer, the address and the business either, which have no effect", async () => {
    const setup = await setUpPaddle();
    const lines = [{ priceId: "price_credits_basic" }];
    const known = { customer_id: "ctm_1", status: "active" };
    const [name, email] = ["Ada Lovelace", "ada@example.com"];
    await tell(setup, "transaction.completed", transaction({ customer: "ctm_1", userId: "user-ada", lines }));
    await tell(setup, "customer.updated", { id: "ctm_1", name, email, locale: "en", custom_data: { nickname: "Ada" } });
    await tell(setup, "address.created", {
      ...known,
      id: "add_1",
      first_line: name,
      postal_code: "12345",
      description: name,
    });
    await tell(setup, "business.created", {
      ...known,
      id: "biz_1",
      name,
      tax_identifier: "GB1",
      contacts: [{ name, email }],
    });
    expect(await setup.tally.users.erase({ userId: "user-ada" })).toMatchObject({ events: 1 });
    const stored = JSON.stringify(await setup.sql.query("select payload from tallystick.webhook_event"));
    expect(stored).not.toMatch(/Ada|ada@|12345|GB1|user-ada/);
    expect(stored).toContain("ctm_1");
  });
});

describe("a yearly subscription", () => {
  it("past due grants no month, paused neither, resumed each that was paid for, and cancelled no more", async () => {
    let now = new Date("2026-01-31T10:00:00Z");
    const setup = await setUpPaddle({ clock: () => now });
    const { tally, sql } = setup;
    const known = { customer: "ctm_1", userId: "ada" };
    const state = async (type: string, status: "active" | "past_due" | "paused" | "canceled", version: number) =>
      tell(setup, type, subscription({ ...known, id: "sub_1", priceId: "price_pro_yearly", status, version }));
    const lines = [{ priceId: "price_pro_yearly" }];
    await tell(setup, "transaction.completed", transaction({ ...known, subscription: "sub_1", lines }));
    await state("subscription.past_due", "past_due", 2);
    // Older than what is known: nothing goes on.
    await state("subscription.created", "active", 1);
    now = new Date("2026-03-15T10:00:00Z");
    await state("subscription.paused", "paused", 3);
    expect(await tally.credits.distribute()).toMatchObject({ count: 0 });
    expect(await tally.credits.enrolments({ userId: "ada" })).toMatchObject([{ status: "paused" }]);
    await state("subscription.resumed", "active", 4);
    expect(await journal(sql)).toHaveLength(2);
    await state("subscription.canceled", "canceled", 5);
    now = new Date("2026-12-15T10:00:00Z");
    await tally.credits.distribute();
    expect(await journal(sql)).toHaveLength(2);
  });
});

describe("a purchase in yen", () => {
  it("refunded by a third gives back a third of its credits, announced in yen", async () => {
    const told: string[] = [];
    const setup = await setUpPaddle({
      notifications: [
        {
          name: "told",
          language: "en",
          minIntervalMs: 0,
          send: async ({ text }) => {
            told.push(text);
            return { outcome: "sent" };
          },
        },
      ],
    });
    const known = { id: "txn_1", customer: "ctm_1", userId: "ada", currency: "JPY" } as const;
    const lines = [{ priceId: "price_credits_max", subtotal: 1500 }];
    await tell(setup, "transaction.completed", transaction({ ...known, lines }));
    const refund = { id: "adj_1", transaction: "txn_1", amount: 500, currency: "JPY" } as const;
    await tell(setup, "adjustment.created", adjustment({ ...refund, status: "pending_approval" }));
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ available: 1200 });
    await tell(setup, "adjustment.updated", adjustment(refund));
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ available: 800 });
    await setup.tally.drain();
    expect(told.map((text) => text.replace(/ .*/, ""))).toEqual(["¥1,500", "¥500"]);
  });
});
