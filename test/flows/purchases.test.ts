// What each purchase gives, from the signed webhook to the balance.
import { beforeEach, describe, expect, it } from "vitest";
import { defineCatalog } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { checkoutSession, sendEvent, testCatalog, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import { journal, setUp, type Setup } from "./setup.ts";
import { invoice, type InvoiceInput } from "./stripe-objects.ts";

let setup: Setup;
let userId: string;

beforeEach(async () => {
  setup = await setUp();
  userId = uniqueId("user");
});

async function receive(type: string, object: Record<string, unknown>): Promise<void> {
  const response = await sendEvent(setup.tally, { type, object });
  expect([response.status, await response.json()]).toEqual([200, { received: true }]);
  await setup.tally.drain();
}

async function entries(): Promise<[string, number][]> {
  const { ok, violations } = await setup.tally.credits.audit();
  expect({ ok, violations }).toEqual({ ok: true, violations: [] });
  return (await journal(setup.sql))
    .filter((entry) => entry.user_id === userId)
    .map(({ type, amount }) => [type, amount]);
}

async function lots(): Promise<unknown[]> {
  const day = 86_400_000;
  const { lots: live } = await setup.tally.credits.balance({ userId });
  return live.map(({ amount, expiresAt }) => [
    amount,
    expiresAt === null ? null : Math.round((expiresAt.getTime() - Date.now()) / day),
  ]);
}

describe("invoice.paid", () => {
  const paid = async (input: Omit<InvoiceInput, "userId">): Promise<void> =>
    receive("invoice.paid", invoice({ ...input, userId }));

  it("of a monthly price gives the month's credits, valid for the plan's days", async () => {
    await paid({ lines: [{ priceId: "price_pro_monthly" }] });
    expect(await entries()).toEqual([["subscription_renewal", 1000]]);
    expect(await lots()).toEqual([[1000, 30]]);
    const payments = await setup.sql.query(
      "select type, status, paid, amount, currency, user_id from tallystick.payment",
    );
    expect(payments).toEqual([
      { type: "subscription", status: "paid", paid: true, amount: 2000, currency: "usd", user_id: userId },
    ]);
    expect((await setup.tally.events.list()).items).toMatchObject([{ type: "invoice.paid", status: "processed" }]);
  });

  it("of a yearly price gives the first month now and the others month by month", async () => {
    await paid({ lines: [{ priceId: "price_pro_yearly", amount: 20_000 }] });
    expect(await entries()).toEqual([["subscription_renewal", 1000]]);
    const enrolments = await setup.sql.query(
      "select plan_id, period_count, next_period from tallystick.credit_enrolment",
    );
    expect(enrolments).toEqual([{ plan_id: "pro", period_count: 12, next_period: 1 }]);
    await setup.tally.tick();
    expect(await entries()).toHaveLength(1);
  });

  it.each([
    ["three seats", [{ priceId: "price_pro_monthly", quantity: 3 }], [3000]],
    ["several lines", [{ priceId: "price_pro_monthly" }, { priceId: "price_credits_plus", quantity: 2 }], [1000, 1000]],
    ["the same price twice", [{ priceId: "price_pro_monthly" }, { priceId: "price_pro_monthly" }], [1000, 1000]],
    ["a proration", [{ priceId: "price_pro_monthly", amount: 900, proration: true }], []],
    ["a negative line", [{ priceId: "price_pro_monthly", amount: -900 }], []],
    [
      "an upgrade: credit for the old price, a proration, and the new price in full",
      [
        { priceId: "price_pro_monthly", amount: -900, proration: true },
        { priceId: "price_pro_monthly", amount: 1500, proration: true },
        { priceId: "price_pro_monthly", amount: 2000 },
      ],
      [1000],
    ],
    ["a trial's line of zero, without trial credits in the catalog", [{ priceId: "price_pro_monthly", amount: 0 }], []],
    ["an unknown price on a line that gives nothing", [{ priceId: "price_unknown", amount: 0 }], []],
  ])("with %s gives %j", async (_, lines, amounts) => {
    await paid({ lines });
    expect((await entries()).map(([, amount]) => amount)).toEqual(amounts);
    expect((await setup.tally.events.list()).items).toMatchObject([{ status: "processed" }]);
  });

  it("of zero gives the catalog's trial credits, once for each seat", async () => {
    setup = await setUp({
      catalog: defineCatalog({
        plans: [
          {
            id: "pro",
            name: "Pro",
            credits: 1000,
            trialCredits: 30,
            prices: [{ id: "price_pro_monthly", interval: "month" }],
          },
        ],
      }),
    });
    await paid({ lines: [{ priceId: "price_pro_monthly", amount: 0, quantity: 2 }] });
    expect(await entries()).toEqual([["subscription_renewal", 60]]);
  });

  it("outside a subscription gives its lines by the same rule", async () => {
    await paid({
      subscription: null,
      lines: [
        { priceId: "price_credits_basic", quantity: 2 },
        { priceId: "price_pro_monthly", amount: 0 },
      ],
    });
    expect(await entries()).toEqual([["purchase_package", 200]]);
    expect(await setup.sql.query("select type from tallystick.payment")).toEqual([{ type: "one_time" }]);
  });

  it("of a price that is sold without credits gives nothing and is processed", async () => {
    setup = await setUp({ catalog: defineCatalog({ pricesWithoutCredits: ["price_setup_fee"] }) });
    await paid({ lines: [{ priceId: "price_setup_fee" }] });
    expect(await entries()).toEqual([]);
    expect((await setup.tally.events.list()).items).toMatchObject([{ status: "processed" }]);
  });

  it("ignores any amount of credits that metadata names", async () => {
    await paid({
      lines: [{ priceId: "price_pro_monthly" }],
      metadata: { credits: "999999", amount: "999999", quantity: "50", trialCredits: "7" },
    });
    expect(await entries()).toEqual([["subscription_renewal", 1000]]);
  });
});

describe("checkout.session.completed", () => {
  const session = (input: { priceId: string; metadata?: object }): Record<string, unknown> => {
    const made = checkoutSession({ userId, priceId: input.priceId });
    return { ...made, metadata: { ...(made["metadata"] as object), ...input.metadata } };
  };

  it.each([
    ["price_credits_basic", 100],
    ["price_credits_plus", 500],
    ["price_credits_max", 1200],
  ])("of the pack %s gives %i credits that never expire", async (priceId, credits) => {
    await receive("checkout.session.completed", session({ priceId }));
    expect(await entries()).toEqual([["purchase_package", credits]]);
    expect(await lots()).toEqual([[credits, null]]);
  });

  it("of a lifetime plan gives the first month now, without end", async () => {
    await receive("checkout.session.completed", session({ priceId: "price_lifetime" }));
    expect(await entries()).toEqual([["lifetime_monthly", 1000]]);
    expect(await setup.sql.query("select period_count, ended_at from tallystick.credit_enrolment")).toEqual([
      { period_count: null, ended_at: null },
    ]);
  });

  it("ignores credits and quantity in metadata", async () => {
    await receive(
      "checkout.session.completed",
      session({ priceId: "price_credits_basic", metadata: { credits: "1000000", quantity: "99", amount: "5" } }),
    );
    expect(await entries()).toEqual([["purchase_package", 100]]);
  });

  it("that cost nothing still gives its pack, and announces no money", async () => {
    const free = {
      ...checkoutSession({ userId, priceId: "price_credits_basic", paymentStatus: "no_payment_required" }),
      amount_total: 0,
    };
    await receive("checkout.session.completed", free);
    expect(await entries()).toEqual([["purchase_package", 100]]);
  });

  it("of a subscription or with an invoice leaves the grant to the invoice", async () => {
    await receive("checkout.session.completed", {
      ...session({ priceId: "price_credits_basic" }),
      mode: "subscription",
    });
    await receive("checkout.session.completed", { ...session({ priceId: "price_credits_basic" }), invoice: "in_1" });
    expect(await entries()).toEqual([]);
    await receive(
      "invoice.paid",
      invoice({ id: "in_1", userId, subscription: null, lines: [{ priceId: "price_credits_basic" }] }),
    );
    expect(await entries()).toEqual([["purchase_package", 100]]);
    const rows = await setup.sql.query(
      "select paid, session_id is not null as session from tallystick.payment where invoice_id = 'in_1'",
    );
    expect(rows).toEqual([{ paid: true, session: true }]);
  });
});

describe("an event of the other mode", () => {
  it("is recorded, answered and ignored", async () => {
    setup = await setUp({
      payment: stripe({ webhookSecrets: [WEBHOOK_SECRET], secretKey: "sk_live_x" }),
      catalog: testCatalog,
    });
    await receive("invoice.paid", invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }));
    expect(await entries()).toEqual([]);
    expect((await setup.tally.events.list()).items).toMatchObject([
      { status: "ignored", livemode: false, taskId: null },
    ]);
  });
});
