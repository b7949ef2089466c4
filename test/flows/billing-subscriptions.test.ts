// Subscriptions through the library, against the sandbox over real HTTP: the portal, ends, changes and what they cost.
import type Stripe from "stripe";
import { describe, expect, it } from "vitest";
import { idOf } from "../../src/payment/provider/stripe/read.ts";
import { startSandboxedEngine, testPrices, type SandboxedEngine } from "../support/sandbox.ts";
import { defineCatalog } from "../../src/index.ts";

const urls = { successUrl: "https://app.test/thanks", cancelUrl: "https://app.test/pricing" };
const HALF_A_MONTH_S = 15 * 86_400;

const catalog = defineCatalog({
  plans: [
    { id: "pro", name: "Pro", credits: 1000, validDays: 30, prices: [{ id: "price_pro_monthly", interval: "month" }] },
    {
      id: "team",
      name: "Team",
      credits: 5000,
      validDays: 30,
      prices: [
        { id: "price_team_monthly", interval: "month" },
        { id: "price_pro_yearly", interval: "year" },
      ],
      proration: "credits",
    },
  ],
  packs: [{ id: "basic", name: "100 credits", credits: 100, priceId: "price_credits_basic" }],
});

interface Subscribed extends SandboxedEngine {
  readonly own: { readonly userId: string; readonly subscriptionId: string };
  /** As Stripe has it. */
  now(): Promise<Stripe.Subscription>;
}

async function subscribed(card = "4242424242424242"): Promise<Subscribed> {
  const prices = [...testPrices, { id: "price_team_monthly", unit_amount: 6_000, interval: "month" as const }];
  const world = await startSandboxedEngine({ prices }, { catalog });
  const { url } = await world.tally.billing.checkout({ userId: "u1", priceId: "price_pro_monthly", ...urls });
  await fetch(url, { method: "POST", redirect: "manual", body: new URLSearchParams({ do: "pay", method: card }) });
  await world.settle();
  const [subscription] = await world.tally.billing.subscriptions("u1");
  const subscriptionId = subscription?.subscriptionId ?? "";
  return {
    ...world,
    own: { userId: "u1", subscriptionId },
    now: async () => world.sdk.subscriptions.retrieve(subscriptionId),
  };
}

async function useCard({ sdk, now }: Subscribed, card: string): Promise<void> {
  const { customer, id } = await now();
  const method = await sdk.paymentMethods.attach(card, { customer: idOf(customer) ?? "" });
  await sdk.subscriptions.update(id, { default_payment_method: method.id });
}

describe("the portal", () => {
  it("is a page of the user's own customer, from which the user comes back", async () => {
    const world = await subscribed();
    const { url } = await world.tally.billing.portal({ userId: "u1", returnUrl: "https://app.test/account" });
    const page = await (await fetch(url)).text();
    expect(page).toContain("price_pro_monthly: active");
    expect(page).toContain('href="https://app.test/account"');
    const form = new URLSearchParams({ do: "cancel", of: world.own.subscriptionId });
    await fetch(url, { method: "POST", body: form });
    await world.settle();
    expect(await world.tally.billing.subscriptions("u1")).toMatchObject([{ cancelAtPeriodEnd: true }]);
  });

  it("is not there for who never bought, nor for an address that is none", async () => {
    const { tally } = await subscribed();
    const none = tally.billing.portal({ userId: "u2", returnUrl: "https://app.test" });
    await expect(none).rejects.toMatchObject({ code: "not_found" });
    const wrong = tally.billing.portal({ userId: "u1", returnUrl: "//app.test" });
    await expect(wrong).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("a subscription", () => {
  it("ends with its period, and goes on when that is taken back", async () => {
    const world = await subscribed();
    const { billing } = world.tally;
    const cancelled = await billing.cancel({ ...world.own, when: "period_end" });
    const items = [{ priceId: "price_pro_monthly", quantity: 1 }];
    expect(cancelled).toMatchObject({ status: "active", cancelAtPeriodEnd: true, items });
    await world.settle();
    const [stored] = await billing.subscriptions("u1");
    expect(stored).toMatchObject({ cancelAtPeriodEnd: true, ended: false });
    expect(stored?.endsAt).toEqual(stored?.currentPeriodEnd);

    for (const _ of [1, 2]) {
      expect(await billing.resume(world.own)).toMatchObject({ status: "active", cancelAtPeriodEnd: false });
    }
    await world.settle();
    expect(await billing.subscriptions("u1")).toMatchObject([{ cancelAtPeriodEnd: false, endsAt: null }]);
  });

  it("ends now, and is then not taken back, changed or ended again", async () => {
    const world = await subscribed();
    const { billing } = world.tally;
    expect(await billing.cancel({ ...world.own, when: "now" })).toMatchObject({ status: "canceled" });
    await world.settle();
    expect(await billing.subscriptions("u1")).toMatchObject([{ status: "canceled", ended: true, endsAt: null }]);
    for (const refused of [
      async () => billing.cancel({ ...world.own, when: "now" }),
      async () => billing.resume(world.own),
      async () => billing.change({ ...world.own, priceId: "price_team_monthly" }),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code: "invalid_state" });
    }
  });

  it("is changed at once for the price that was previewed, and its difference gives credits", async () => {
    const world = await subscribed();
    const { billing } = world.tally;
    await world.control("/clock", { advance_s: HALF_A_MONTH_S });
    await world.settle();
    const before = await world.sdk.events.list({ limit: 1 });
    const preview = await billing.previewChange({ ...world.own, priceId: "price_team_monthly" });
    expect(preview).toMatchObject({ currency: "usd", lines: [{ proration: true }, { proration: true, quantity: 1 }] });
    expect(preview.dueNow).toBeGreaterThan(1_500);
    expect(preview.dueNow).toBeLessThan(2_500);
    expect(preview.lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(preview.dueNow);
    // Asking changes nothing.
    expect((await world.sdk.events.list({ limit: 1 })).data[0]?.id).toBe(before.data[0]?.id);
    expect((await world.now()).items.data[0]?.price.id).toBe("price_pro_monthly");

    const changed = await billing.change({ ...world.own, priceId: "price_team_monthly" });
    const items = [{ priceId: "price_team_monthly", quantity: 1 }];
    expect(changed).toMatchObject({ subscription: { status: "active", items }, pending: null });
    await world.settle();
    expect(await billing.subscriptions("u1")).toMatchObject([{ planId: "team", priceId: "price_team_monthly" }]);
    const [invoice] = (await world.sdk.invoices.list({ limit: 1 })).data;
    expect(Math.abs((invoice?.amount_paid ?? 0) - preview.dueNow)).toBeLessThanOrEqual(5);
    // Half a month of what Team gives more than Pro.
    expect(await world.balance("u1")).toBeGreaterThan(2_500);
    expect(await world.balance("u1")).toBeLessThan(3_500);
  });

  it("keeps its price where the change is not paid, and says where to pay", async () => {
    const world = await subscribed();
    await useCard(world, "pm_card_chargeCustomerFail");
    const changed = await world.tally.billing.change({ ...world.own, priceId: "price_team_monthly" });
    const items = [{ priceId: "price_pro_monthly", quantity: 1 }];
    const pending = { payUrl: expect.stringContaining(world.url), expiresAt: expect.any(Date) };
    expect(changed).toMatchObject({ subscription: { items }, pending });
    await world.settle();
    expect(await world.tally.billing.subscriptions("u1")).toMatchObject([{ planId: "pro" }]);
    expect(await world.balance("u1")).toBe(1000);
  });

  it("is changed with the next invoice, or for nothing, without a payment now", async () => {
    const world = await subscribed();
    const { billing } = world.tally;
    for (const [proration, quantity, waiting] of [
      ["next_invoice", 2, 2],
      ["none", 3, 2],
    ] as const) {
      const changed = await billing.change({ ...world.own, priceId: "price_team_monthly", quantity, proration });
      expect(changed).toMatchObject({ subscription: { items: [{ quantity }] }, pending: null });
      expect((await world.sdk.invoiceItems.list({ pending: true })).data).toHaveLength(waiting);
    }
    await world.settle();
    expect((await world.sdk.invoices.list()).data).toHaveLength(1);
    expect(await billing.subscriptions("u1")).toMatchObject([{ planId: "team", quantity: 3 }]);
    // As many as before, where nothing is said.
    const back = await billing.change({ ...world.own, priceId: "price_pro_monthly", proration: "none" });
    expect(back.subscription.items).toEqual([{ priceId: "price_pro_monthly", quantity: 3 }]);
  });

  it("of a month becomes one of a year, which begins now", async () => {
    const world = await subscribed();
    const change = { ...world.own, priceId: "price_pro_yearly" };
    const preview = await world.tally.billing.previewChange(change);
    expect(Math.abs(preview.dueNow - 18_000)).toBeLessThanOrEqual(5);
    expect(await world.tally.billing.change(change)).toMatchObject({ pending: null });
    await world.settle();
    expect(await world.tally.billing.subscriptions("u1")).toMatchObject([{ priceId: "price_pro_yearly" }]);
    expect(await world.balance("u1")).toBe(6000);
  });

  it("changes nothing where it has that price already", async () => {
    const world = await subscribed();
    const same = await world.tally.billing.change({ ...world.own, priceId: "price_pro_monthly", quantity: 1 });
    expect(same).toMatchObject({ subscription: { items: [{ priceId: "price_pro_monthly" }] }, pending: null });
    expect((await world.sdk.invoices.list()).data).toHaveLength(1);
  });

  it("is another user's as if it were not there", async () => {
    const world = await subscribed();
    const { billing } = world.tally;
    for (const subscriptionId of [world.own.subscriptionId, "sub_unknown"]) {
      const own = { userId: "u2", subscriptionId };
      for (const refused of [
        async () => billing.cancel({ ...own, when: "now" }),
        async () => billing.resume(own),
        async () => billing.previewChange({ ...own, priceId: "price_team_monthly" }),
        async () => billing.change({ ...own, priceId: "price_team_monthly" }),
      ]) {
        const message = "The user has no such subscription.";
        await expect(refused()).rejects.toMatchObject({ code: "not_found", message });
      }
    }
    expect((await world.now()).status).toBe("active");
  });

  it.each([
    ["a pack", { priceId: "price_credits_basic" }],
    ["a price of nobody's", { priceId: "price_other" }],
    ["too many", { priceId: "price_team_monthly", quantity: 101 }],
    ["an unknown proration", { priceId: "price_team_monthly", proration: "free" as "none" }],
  ])("does not become %s", async (_, wrong) => {
    const { tally, own } = await subscribed();
    await expect(tally.billing.change({ ...own, ...wrong })).rejects.toMatchObject({ code: "invalid_request" });
  });
});
