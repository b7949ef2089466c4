// Subscriptions through the sandbox: each flow that Stripe has for them, on a test clock, in both shapes.
import type Stripe from "stripe";
import { describe, expect, it } from "vitest";
import { idOf } from "../../src/payment/provider/stripe/read.ts";
import { payOnPage, startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";

const START = Date.UTC(2027, 0, 31, 12) / 1000;
const DAY_S = 86_400;
const HOUR_S = 3_600;

interface Subscriber {
  readonly customer: Stripe.Customer;
  readonly subscription: Stripe.Subscription;
  /** Lets the time pass until a moment. */
  until(moment: number): Promise<void>;
  now(): Promise<Stripe.Subscription>;
}

async function subscriber(
  { sdk }: SandboxedEngine,
  params: Partial<Stripe.SubscriptionCreateParams> = {},
  card: string | null = "pm_card_visa",
): Promise<Subscriber> {
  const clock = await sdk.testHelpers.testClocks.create({ frozen_time: START });
  const customer = await sdk.customers.create({
    test_clock: clock.id,
    ...(card !== null && { payment_method: card, invoice_settings: { default_payment_method: card } }),
  });
  const subscription = await sdk.subscriptions.create({
    customer: customer.id,
    items: [{ price: "price_pro_monthly" }],
    metadata: { userId: "u1" },
    ...params,
  });
  return {
    customer,
    subscription,
    async until(moment) {
      const advanced = await sdk.testHelpers.testClocks.advance(clock.id, { frozen_time: moment });
      expect(advanced.status).toBe("ready");
    },
    now: async () => sdk.subscriptions.retrieve(subscription.id),
  };
}

async function useCard({ sdk }: SandboxedEngine, { customer }: Subscriber, card: string): Promise<void> {
  const method = await sdk.paymentMethods.attach(card, { customer: customer.id });
  await sdk.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
}

const dateOf = (seconds: number | undefined): string => new Date((seconds ?? 0) * 1000).toISOString().slice(0, 10);

describe.each([
  ["the present shape", false],
  ["the old shape", true],
])("in %s", (_, oldShape) => {
  it("a subscription bought on the page is active when it is made, and gives its month's credits", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await world.sdk.checkout.sessions.create({
      mode: "subscription",
      line_items: [{ price: "price_pro_monthly", quantity: 1 }],
      success_url: "https://app.test/thanks",
      metadata: { userId: "u1" },
      subscription_data: { metadata: { userId: "u1" } },
    });
    await payOnPage(session);
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
    expect(world.arrived.toSorted()).toEqual([
      "charge.succeeded",
      "checkout.session.completed",
      "customer.created",
      "customer.subscription.created",
      "customer.updated",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice.updated",
      "invoice.updated",
      "invoice_payment.paid",
      "payment_intent.created",
      "payment_intent.succeeded",
      "payment_method.attached",
    ]);
  });

  it("a subscription made by the API is incomplete until its first payment", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription } = await subscriber(world);
    expect(subscription.status).toBe("active");
    const { data } = await world.sdk.events.list({ type: "customer.subscription.created" });
    expect(data[0]?.data.object).toMatchObject({ status: "incomplete" });
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
  });

  it("a year of renewals keeps to the 31st, moves the period before the payment and gives each month's credits", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { until, now } = await subscriber(world);
    await until(START + 365 * DAY_S + 2 * HOUR_S);
    const periods = (await world.sdk.invoices.list({ limit: 100 })).data.map(({ created }) => dateOf(created));
    expect(periods.toReversed()).toEqual([
      "2027-01-31",
      "2027-02-28",
      "2027-03-31",
      "2027-04-30",
      "2027-05-31",
      "2027-06-30",
      "2027-07-31",
      "2027-08-31",
      "2027-09-30",
      "2027-10-31",
      "2027-11-30",
      "2027-12-31",
      "2028-01-31",
    ]);
    expect(dateOf((await now()).items.data[0]?.current_period_end)).toBe("2028-02-29");
    const events = (await world.sdk.events.list({ limit: 100 })).data.map(({ type }) => type);
    const last = events.slice(0, events.indexOf("invoice.upcoming") + 1).toReversed();
    expect(last).toEqual([
      "invoice.upcoming",
      "invoice.created",
      "customer.subscription.updated",
      "payment_intent.created",
      "invoice.finalized",
      "invoice.updated",
      "charge.succeeded",
      "payment_intent.succeeded",
      "invoice_payment.paid",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
      "test_helpers.test_clock.ready",
    ]);
    await world.settle();
    expect(await world.balance("u1")).toBe(13_000);
  });

  it("a trial is paid with an invoice of zero, is told of before its end, and then renews", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until, now } = await subscriber(world, { trial_period_days: 14 });
    expect(subscription.status).toBe("trialing");
    await world.settle();
    expect(world.arrived).toContain("invoice.paid");
    expect(world.arrived).not.toContain("customer.subscription.trial_will_end");
    expect(await world.balance("u1")).toBe(0);
    await until(START + 14 * DAY_S + 2 * HOUR_S);
    await world.settle();
    expect(world.arrived).toContain("customer.subscription.trial_will_end");
    expect((await now()).status).toBe("active");
    expect(await world.balance("u1")).toBe(1000);
  });

  it("a trial without a card pauses where it is told to, and resumes with a payment", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const trial = {
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: "pause" as const } },
    };
    const paused = await subscriber(world, trial, null);
    await paused.until(START + 8 * DAY_S);
    expect((await paused.now()).status).toBe("paused");
    await useCard(world, paused, "pm_card_visa");
    expect((await world.sdk.subscriptions.resume(paused.subscription.id)).status).toBe("active");
    await world.settle();
    expect(world.arrived).toEqual(
      expect.arrayContaining(["customer.subscription.paused", "customer.subscription.resumed"]),
    );
    expect(await world.balance("u1")).toBe(1000);
  });

  it("an upgrade that is invoiced at once credits the old price and charges the new one for the rest", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until } = await subscriber(world);
    const [item] = subscription.items.data;
    await until(START + 14 * DAY_S);
    const changed = await world.sdk.subscriptions.update(subscription.id, {
      items: [{ id: item?.id ?? "", quantity: 3 }],
      proration_behavior: "always_invoice",
      expand: ["latest_invoice"],
    });
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ billing_reason: "subscription_update", status: "paid", total: 2000 });
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-1000, 3000]);
    const { data } = await world.sdk.events.list({ type: "customer.subscription.updated" });
    expect(Object.keys(data[0]?.data.previous_attributes ?? {})).toEqual(
      expect.arrayContaining(["items", "latest_invoice"]),
    );
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
  });

  it("prorations that are not invoiced at once ride the next renewal", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until } = await subscriber(world);
    await until(START + 14 * DAY_S);
    await world.sdk.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? "", quantity: 2 }],
    });
    expect((await world.sdk.invoices.list()).data).toHaveLength(1);
    await until(START + 28 * DAY_S + 2 * HOUR_S);
    const [renewal] = (await world.sdk.invoices.list()).data;
    expect(renewal?.lines.data.map(({ amount }) => amount)).toEqual([-1000, 2000, 4000]);
    await world.settle();
    expect(await world.balance("u1")).toBe(3000);
  });

  it("a change without proration writes no items", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription } = await subscriber(world);
    await world.sdk.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? "", quantity: 2 }],
      proration_behavior: "none",
    });
    expect((await world.sdk.invoiceItems.list()).data).toEqual([]);
  });

  it("another interval begins a new cycle: the rest is credited and the new period paid in full", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until } = await subscriber(world);
    await until(START + 14 * DAY_S);
    await world.sdk.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? "", price: "price_pro_yearly" }],
    });
    const [invoice] = (await world.sdk.invoices.list()).data;
    expect(invoice?.lines.data.map(({ amount }) => amount)).toEqual([-1000, 20_000]);
    expect(invoice).toMatchObject({ status: "paid", amount_paid: 19_000 });
    await world.settle();
    expect(await world.balance("u1")).toBe(2000);
  });

  it("a card that fails makes it past due, is retried, and after the last attempt the subscription ends", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const failing = await subscriber(world);
    await useCard(world, failing, "pm_card_chargeCustomerFail");
    await failing.until(START + 28 * DAY_S + 2 * HOUR_S);
    expect((await failing.now()).status).toBe("past_due");
    const [invoice] = (await world.sdk.invoices.list()).data;
    expect(invoice).toMatchObject({ status: "open", attempt_count: 1 });
    await failing.until(START + 50 * DAY_S);
    expect((await failing.now()).status).toBe("canceled");
    const failures = (await world.sdk.events.list({ type: "invoice.payment_failed" })).data;
    expect(failures.map(({ data }) => (data.object as Stripe.Invoice).next_payment_attempt !== null)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    await world.settle();
    expect(world.arrived).toContain("customer.subscription.deleted");
    expect(await world.balance("u1")).toBe(1000);
  });

  it("a card that is mended in time pays the retry, and the subscription is active again", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const failing = await subscriber(world);
    await useCard(world, failing, "pm_card_chargeCustomerFail");
    await failing.until(START + 28 * DAY_S + 2 * HOUR_S);
    await useCard(world, failing, "pm_card_visa");
    await failing.until(START + 32 * DAY_S);
    expect((await failing.now()).status).toBe("active");
    await world.settle();
    expect(await world.balance("u1")).toBe(2000);
  });

  it("where dunning leaves it unpaid, renewals are drafted and not collected", async () => {
    const world = await startSandboxedEngine({ oldShape });
    await world.control("/settings", { after_dunning: "unpaid", dunning_days: [1] });
    const failing = await subscriber(world);
    await useCard(world, failing, "pm_card_chargeCustomerFail");
    await failing.until(START + 60 * DAY_S);
    expect((await failing.now()).status).toBe("unpaid");
    const statuses = (await world.sdk.invoices.list()).data.map(({ status }) => status);
    expect(statuses).toEqual(["draft", "open", "paid"]);
  });

  it("cancelled at the period's end it goes on until then, and ends without a renewal", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until, now } = await subscriber(world);
    await world.sdk.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await until(START + 27 * DAY_S);
    expect((await now()).status).toBe("active");
    await until(START + 29 * DAY_S);
    expect(await now()).toMatchObject({ status: "canceled", ended_at: START + 28 * DAY_S });
    expect((await world.sdk.invoices.list()).data).toHaveLength(1);
    expect((await world.sdk.subscriptions.list()).data).toEqual([]);
    expect((await world.sdk.subscriptions.list({ status: "all" })).data).toHaveLength(1);
  });

  it("cancelled now it ends now", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription } = await subscriber(world);
    expect((await world.sdk.subscriptions.cancel(subscription.id)).status).toBe("canceled");
    await world.settle();
    expect(world.arrived).toContain("customer.subscription.deleted");
  });

  it("with its collection paused, renewals are drafts until it goes on", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until, now } = await subscriber(world);
    const resumes = START + 40 * DAY_S;
    await world.sdk.subscriptions.update(subscription.id, {
      pause_collection: { behavior: "keep_as_draft", resumes_at: resumes },
    });
    await until(START + 30 * DAY_S);
    expect((await world.sdk.invoices.list()).data.map(({ status }) => status)).toEqual(["draft", "paid"]);
    await until(START + 70 * DAY_S);
    expect((await now()).pause_collection).toBeNull();
    expect((await world.sdk.invoices.list()).data.map(({ status }) => status)).toEqual(["paid", "draft", "paid"]);
    await world.settle();
    expect(await world.balance("u1")).toBe(2000);
  });

  it("a first payment that is declined leaves it incomplete, and it expires", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { subscription, until, now } = await subscriber(world, {}, "pm_card_chargeCustomerFail");
    expect(subscription.status).toBe("incomplete");
    await until(START + DAY_S);
    expect((await now()).status).toBe("incomplete_expired");
    await world.settle();
    expect(await world.balance("u1")).toBe(0);
  });

  it("a refund of a subscription's invoice finds its credits", async () => {
    const world = await startSandboxedEngine({ oldShape });
    await subscriber(world);
    const [charge] = (await world.sdk.charges.list()).data;
    const [payment] = (
      await world.sdk.invoicePayments.list({
        payment: { type: "payment_intent", payment_intent: idOf(charge?.payment_intent) ?? "" },
      })
    ).data;
    expect(payment?.status).toBe("paid");
    await world.sdk.refunds.create({ charge: charge?.id ?? "" });
    await world.settle();
    expect(await world.balance("u1")).toBe(0);
  });

  it("a deleted customer's subscriptions end at once", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const { customer, now } = await subscriber(world);
    await world.sdk.customers.del(customer.id);
    expect((await now()).status).toBe("canceled");
    await world.settle();
    expect(world.arrived).toEqual(expect.arrayContaining(["customer.subscription.deleted", "customer.deleted"]));
  });
});
