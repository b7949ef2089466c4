// Refunds and disputes: what of a payment is with the payer again takes its part of the credits back, in whatever order,
// how often and under which names it is told.
import { describe, expect, it } from "vitest";
import { checkoutSession, sendEvent, uniqueId } from "../support/engine.ts";
import { everyOrder, permutations, shuffles, type Buyer, type Told } from "./every-order.ts";
import { journal, setUp, type Setup } from "./setup.ts";
import { dispute, invoice, invoicePayment, refund } from "./stripe-objects.ts";

// checkoutSession() pays 9.99 for 1,200 credits here.
const bought = ({ userId, id }: Buyer): Told => ({
  type: "checkout.session.completed",
  object: checkoutSession({ id: id("cs"), userId, priceId: "price_credits_max", paymentIntent: id("pi") }),
});

const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("in every order", { timeout: 300_000 }, () => {
  it("two partial refunds of a pack, one of which fails later, end the same", async () => {
    const flow = (buyer: Buyer): Told[] => {
      const paymentIntent = buyer.id("pi");
      const first = { id: buyer.id("re_1"), paymentIntent, amount: 333 };
      return [
        bought(buyer),
        { type: "refund.created", object: refund({ ...first, status: "pending" }) },
        { type: "refund.updated", object: refund(first) },
        { type: "refund.failed", object: refund({ ...first, status: "failed" }) },
        { type: "refund.created", object: refund({ id: buyer.id("re_2"), paymentIntent, amount: 100 }) },
      ];
    };
    expect(await everyOrder(await setUp(), flow, permutations(indexes(5)))).toEqual({
      // 1200 - floor(1200 x 100 / 999)
      balance: { book: 1080, available: 1080, debt: 0 },
      payments: [{ type: "one_time", status: "paid", amount: 999 }],
      returns: [
        { status: "failed", amount: 333, stands: false },
        { status: "succeeded", amount: 100, stands: true },
      ],
      subscriptions: [],
      enrolments: [],
    });
  });

  it("a dispute from inquiry over withdrawal to its win ends the same, and gives everything again", async () => {
    const flow = (buyer: Buyer): Told[] => {
      const known = { id: buyer.id("dp"), paymentIntent: buyer.id("pi"), amount: 999 };
      return [
        bought(buyer),
        { type: "charge.dispute.created", object: dispute({ ...known, status: "warning_needs_response" }) },
        { type: "charge.dispute.updated", object: dispute({ ...known, status: "needs_response" }) },
        {
          type: "charge.dispute.funds_withdrawn",
          object: dispute({ ...known, status: "needs_response", moved: [-999] }),
        },
        { type: "charge.dispute.closed", object: dispute({ ...known, status: "won", moved: [-999] }) },
        { type: "charge.dispute.funds_reinstated", object: dispute({ ...known, status: "won", moved: [-999, 999] }) },
      ];
    };
    expect(await everyOrder(await setUp(), flow, permutations(indexes(6)))).toMatchObject({
      balance: { book: 1200, available: 1200, debt: 0 },
      returns: [{ status: "won", stands: false }],
    });
  });

  it("a dispute lost after a partial refund takes all there is, and not more", async () => {
    const flow = (buyer: Buyer): Told[] => {
      const paymentIntent = buyer.id("pi");
      const known = { id: buyer.id("dp"), paymentIntent, amount: 999 };
      return [
        bought(buyer),
        { type: "refund.created", object: refund({ id: buyer.id("re"), paymentIntent, amount: 500 }) },
        { type: "charge.dispute.created", object: dispute({ ...known, status: "needs_response" }) },
        {
          type: "charge.dispute.funds_withdrawn",
          object: dispute({ ...known, status: "needs_response", moved: [-999] }),
        },
        { type: "charge.dispute.closed", object: dispute({ ...known, status: "lost", moved: [-999] }) },
      ];
    };
    expect(await everyOrder(await setUp(), flow, permutations(indexes(5)))).toMatchObject({
      balance: { book: 0, available: 0, debt: 0 },
      returns: [
        { status: "lost", amount: 999, stands: true },
        { status: "succeeded", amount: 500, stands: true },
      ],
    });
  });

  it("the refund of an invoice finds it by invoice_payment.paid, whatever comes first, with duplicates of all", async () => {
    const flow = (buyer: Buyer): Told[] => {
      const [paymentIntent, invoiceId] = [buyer.id("pi"), buyer.id("in")];
      const events: Told[] = [
        {
          type: "invoice.paid",
          object: invoice({
            id: invoiceId,
            customer: buyer.id("cus"),
            userId: buyer.userId,
            subscription: buyer.id("sub"),
            lines: [{ id: buyer.id("il"), priceId: "price_pro_monthly" }],
          }),
        },
        { type: "invoice_payment.paid", object: invoicePayment({ invoice: invoiceId, paymentIntent, amount: 2000 }) },
        { type: "refund.created", object: refund({ id: buyer.id("re"), paymentIntent, amount: 1000 }) },
      ];
      return [...events, ...events];
    };
    expect(await everyOrder(await setUp(), flow, shuffles(indexes(6), 200))).toMatchObject({
      balance: { book: 500, available: 500, debt: 0 },
      payments: [{ type: "subscription", status: "paid", amount: 2000 }],
      returns: [{ amount: 1000, stands: true }],
    });
  });
});

describe("a refund", () => {
  async function buy(setup: Setup, paymentIntent = uniqueId("pi")): Promise<string> {
    const object = checkoutSession({ userId: "ada", priceId: "price_credits_max", paymentIntent });
    await tell(setup, "checkout.session.completed", object);
    return paymentIntent;
  }

  async function tell({ tally }: Setup, type: string, object: Record<string, unknown>): Promise<void> {
    expect((await sendEvent(tally, { type, object })).status).toBe(200);
    await tally.drain();
  }

  it("of spent credits leaves debt, or is forgiven where the product says so", async () => {
    for (const [returnPolicy, left] of [
      ["debt", { balance: -200, debt: 200 }],
      ["forgive", { balance: 0, debt: 0 }],
    ] as const) {
      const setup = await setUp({ returnPolicy });
      const paymentIntent = await buy(setup);
      await setup.tally.credits.consume({ userId: "ada", amount: 200 });
      await tell(setup, "refund.created", refund({ id: uniqueId("re"), paymentIntent, amount: 999 }));
      expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject(left);
      expect((await setup.tally.credits.audit()).violations).toEqual([]);
    }
  });

  it("in three parts takes what was paid for, rounded for the customer, as 1,200 for 9.99", async () => {
    const setup = await setUp();
    const paymentIntent = await buy(setup);
    for (let part = 0; part < 3; part += 1) {
      await tell(setup, "refund.created", refund({ id: uniqueId("re"), paymentIntent, amount: 333 }));
    }
    expect((await journal(setup.sql)).map(({ type, amount }) => [type, amount])).toEqual([
      ["purchase_package", 1200],
      ["clawback", -400],
      ["clawback", -400],
      ["clawback", -400],
    ]);
  });

  it("of a payment that is not known fails where a person sees it, and is applied by itself once the payment is told", async () => {
    const setup = await setUp();
    const paymentIntent = uniqueId("pi");
    await tell(setup, "refund.created", refund({ id: uniqueId("re"), paymentIntent, amount: 999 }));
    const [waiting] = (await setup.tally.tasks.list()).items;
    expect(waiting).toMatchObject({ status: "pending", lastError: expect.stringContaining(paymentIntent) as string });
    await buy(setup, paymentIntent);
    expect((await setup.tally.tasks.list()).items.map(({ status }) => status)).toEqual(["done", "done"]);
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 0, debt: 0 });
  });

  it("of a charge without an intent, in a payload of 2020 whose charge carries its refunds, is found by the charge", async () => {
    const setup = await setUp();
    const charge = uniqueId("ch");
    const paid = invoice({
      userId: "ada",
      subscription: null,
      lines: [{ priceId: "price_credits_plus", amount: 500 }],
    });
    await tell(setup, "invoice.paid", { ...paid, charge });
    await tell(setup, "charge.refunded", {
      id: charge,
      object: "charge",
      amount_refunded: 250,
      payment_intent: null,
      refunds: {
        object: "list",
        data: [{ id: "re_old", object: "refund", amount: 250, currency: "usd", status: null }],
      },
    });
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 250 });
  });
});

it("a return in another currency than its payment's takes nothing, and a person sees it", async () => {
  const { tally, sql } = await setUp({ retry: { maxAttempts: 1 } });
  const paymentIntent = uniqueId("pi");
  const session = checkoutSession({ userId: "ada", priceId: "price_credits_max", paymentIntent });
  await sendEvent(tally, { type: "checkout.session.completed", object: session });
  await tally.drain();
  const foreign = { ...dispute({ id: uniqueId("dp"), paymentIntent, amount: 999, status: "lost" }), currency: "jpy" };
  await sendEvent(tally, { type: "charge.dispute.closed", object: foreign });
  await tally.drain();
  expect(await tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 1200 });
  const { items } = await tally.tasks.list({ status: "dead" });
  expect(items).toMatchObject([{ lastError: expect.stringContaining("jpy") }]);
  expect(await sql.query("select 1 from tallystick.payment_return")).toEqual([]);
});
