// Invoices outside of renewals, compared with what Stripe itself was recorded to tell; and what a customer's balance,
// a bank's question and another currency do to them.
import type Stripe from "stripe";
import { describe, expect, it } from "vitest";
import { recordedStripe } from "../fixtures/stripe.ts";
import { idOf, listed, record, text } from "../../src/payment/provider/stripe/read.ts";
import { startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";

const START = Date.UTC(2027, 0, 31, 12) / 1000;
const DAY_S = 86_400;

async function invoiced({ sdk }: SandboxedEngine, options: Partial<Stripe.InvoiceCreateParams>) {
  const customer = await sdk.customers.create({
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  const before = (await sdk.events.list({ limit: 1 })).data[0]?.id ?? "";
  const invoice = await sdk.invoices.create({ customer: customer.id, metadata: { userId: "u1" }, ...options });
  await sdk.invoiceItems.create({
    customer: customer.id,
    invoice: invoice.id,
    pricing: { price: "price_credits_plus" },
  });
  const typesSince = async () => {
    const { data } = await sdk.events.list({ limit: 100, ending_before: before });
    return data.map(({ type }) => type).toSorted();
  };
  return { invoice, typesSince };
}

function recordedTypes(scenario: string, ...lists: readonly number[]): readonly string[] {
  return lists
    .flatMap((list) => listed(record(recordedStripe(`zulip-2025-11-17.clover/${scenario}--Event.list.${list}.json`))))
    .flatMap(({ type }) => text(type) ?? [])
    .toSorted();
}

describe("an invoice", () => {
  it("that a card pays tells what Stripe was recorded to tell, and gives the credits of its lines", async () => {
    const world = await startSandboxedEngine();
    const { invoice, typesSince } = await invoiced(world, { collection_method: "charge_automatically" });
    await world.sdk.invoices.pay(invoice.id);
    expect(await typesSince()).toEqual(recordedTypes("upgrade_by_card", 3, 4));
    await world.settle();
    expect(await world.balance("u1")).toBe(500);
    const [event] = (await world.sdk.events.list({ type: "invoice.paid" })).data;
    expect(event?.request?.id).toMatch(/^req_/);
  });

  it("that is paid outside of Stripe has no charge and no invoice.payment_succeeded, and gives its credits", async () => {
    const world = await startSandboxedEngine();
    const { invoice, typesSince } = await invoiced(world, { collection_method: "send_invoice", days_until_due: 30 });
    await world.sdk.invoices.finalizeInvoice(invoice.id);
    await world.sdk.invoices.pay(invoice.id, { paid_out_of_band: true });
    const types = await typesSince();
    expect(types).toEqual(expect.arrayContaining(["invoice.finalized", "invoice.paid", "payment_intent.canceled"]));
    expect(types.filter((type) => /^charge|payment_succeeded/.test(type))).toEqual([]);
    await world.settle();
    expect(await world.balance("u1")).toBe(500);
  });

  it("that was voided asks for nothing any more", async () => {
    const world = await startSandboxedEngine();
    const { invoice } = await invoiced(world, {});
    await world.sdk.invoices.finalizeInvoice(invoice.id);
    expect((await world.sdk.invoices.voidInvoice(invoice.id)).status).toBe("void");
    await expect(world.sdk.invoices.pay(invoice.id)).rejects.toThrow(/void/);
  });

  it("with many lines carries ten of them in its event, and the engine asks for the rest", async () => {
    const world = await startSandboxedEngine();
    const { invoice } = await invoiced(world, {});
    const customer = idOf(invoice.customer) ?? "";
    for (let count = 0; count < 11; count += 1) {
      await world.sdk.invoiceItems.create({ customer, invoice: invoice.id, pricing: { price: "price_credits_basic" } });
    }
    const paid = await world.sdk.invoices.pay(invoice.id);
    expect(paid.lines).toMatchObject({ has_more: true, data: { length: 10 } });
    await world.settle();
    expect(await world.balance("u1")).toBe(1600);
  });
});

describe("a subscription's invoice", () => {
  async function subscribed(world: SandboxedEngine, card: string) {
    const clock = await world.sdk.testHelpers.testClocks.create({ frozen_time: START });
    const customer = await world.sdk.customers.create({
      test_clock: clock.id,
      payment_method: card,
      invoice_settings: { default_payment_method: card },
    });
    const subscription = await world.sdk.subscriptions.create({
      customer: customer.id,
      items: [{ price: "price_pro_monthly", quantity: 2 }],
      metadata: { userId: "u1" },
      expand: ["latest_invoice.payments"],
    });
    return { clock, customer, subscription, invoice: subscription.latest_invoice as Stripe.Invoice };
  }

  it("that the bank asks the payer about is paid when the payer confirms", async () => {
    const world = await startSandboxedEngine();
    const { subscription, invoice } = await subscribed(world, "pm_card_threeDSecure2Required");
    expect(subscription.status).toBe("incomplete");
    await world.settle();
    expect(world.arrived).toContain("invoice.payment_action_required");
    expect(await world.balance("u1")).toBe(0);
    const intent = idOf(invoice.payments?.data[0]?.payment.payment_intent) ?? "";
    await world.sdk.paymentIntents.confirm(intent, { payment_method: "pm_card_threeDSecure2Required" });
    await world.settle();
    expect((await world.sdk.subscriptions.retrieve(subscription.id)).status).toBe("active");
    expect(await world.balance("u1")).toBe(2000);
  });

  it("of a downgrade becomes a balance, which the next renewal uses first", async () => {
    const world = await startSandboxedEngine();
    const { clock, customer, subscription } = await subscribed(world, "pm_card_visa");
    await world.sdk.testHelpers.testClocks.advance(clock.id, { frozen_time: START + 14 * DAY_S });
    await world.sdk.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? "", quantity: 1 }],
      proration_behavior: "always_invoice",
    });
    expect(await world.sdk.customers.retrieve(customer.id)).toMatchObject({ balance: -1000 });
    await world.sdk.testHelpers.testClocks.advance(clock.id, { frozen_time: START + 29 * DAY_S });
    const [renewal] = (await world.sdk.invoices.list()).data;
    expect(renewal).toMatchObject({ total: 2000, amount_paid: 1000, starting_balance: -1000, ending_balance: 0 });
    await world.settle();
    expect(await world.balance("u1")).toBe(3000);
  });
});
