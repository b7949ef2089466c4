// A paid session whose line items Stripe does not tell at first: nobody waits for credits, and nobody loses any.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { checkoutSession, sendEvent, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import { setUp, skipDelays } from "./setup.ts";
import { invoice } from "./stripe-objects.ts";

let isUp = false;
const api = createServer((_, response) => {
  response.statusCode = isUp ? 200 : 503;
  const data = [{ id: "li_1", object: "item", price: { id: "price_credits_basic" }, quantity: 5 }];
  const body = isUp ? { object: "list", has_more: false, data } : { error: { message: "down" } };
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
});
let apiBase: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  apiBase = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(() => api.close());

it("gives what the event tells while Stripe is away, and the rest when it answers, each once", async () => {
  const payment = stripe({ secretKey: "sk_test_x", webhookSecrets: WEBHOOK_SECRET, apiBase });
  const { tally, sql } = await setUp({ payment });
  const userId = uniqueId("user");
  const drainAll = async (): Promise<void> => {
    await skipDelays(sql);
    await tally.drain();
  };
  isUp = false;
  // A delay drawn from near its beginning would end within the drain.
  vi.spyOn(Math, "random").mockReturnValue(0.9);
  onTestFinished(() => void vi.restoreAllMocks());
  await sendEvent(tally, {
    type: "checkout.session.completed",
    object: checkoutSession({ userId, priceId: "price_credits_basic" }),
  });
  await tally.drain();
  expect((await tally.credits.balance({ userId })).balance).toBe(0);
  await drainAll();
  expect((await tally.credits.balance({ userId })).balance).toBe(100);
  await drainAll();
  await drainAll();
  // The second look never takes the event's word: it waits.
  expect((await tally.tasks.list({ status: "pending" })).items).toMatchObject([{ payload: { recheck: true } }]);

  isUp = true;
  await drainAll();
  expect((await tally.credits.balance({ userId })).balance).toBe(500);
  const [event] = (await tally.events.list()).items;
  await tally.events.replay(event?.id ?? "");
  await drainAll();
  expect((await tally.credits.balance({ userId })).balance).toBe(500);
  expect((await tally.tasks.list({ status: "pending" })).items).toEqual([]);
  expect((await tally.credits.audit()).ok).toBe(true);
});

it("gives each of several invoice lines that stand under one line id", async () => {
  const { tally } = await setUp();
  const userId = uniqueId("user");
  const lines = ["price_pro_monthly", "price_credits_basic"].map((priceId) => ({ priceId, id: "sub_old" }));
  const object = invoice({ userId, lines });
  for (const id of [uniqueId("evt"), uniqueId("evt")]) await sendEvent(tally, { type: "invoice.paid", object, id });
  await tally.drain();
  expect((await tally.credits.balance({ userId })).balance).toBe(1100);
});

it("does not hand a customer over to whom the payer names", async () => {
  const { tally } = await setUp();
  const customer = uniqueId("cus");
  await tally.payment.linkCustomer({ customerId: customer, userId: "owner" });
  const session = checkoutSession({ customer, userId: "x", priceId: "price_credits_basic" });
  await sendEvent(tally, {
    type: "checkout.session.completed",
    object: { ...session, client_reference_id: "claimant", metadata: { priceId: "price_credits_basic" } },
  });
  await sendEvent(tally, {
    type: "invoice.paid",
    object: invoice({ customer, lines: [{ priceId: "price_pro_monthly" }] }),
  });
  await tally.drain();
  expect((await tally.credits.balance({ userId: "owner" })).balance).toBe(1000);
  expect((await tally.credits.balance({ userId: "claimant" })).balance).toBe(100);
});
