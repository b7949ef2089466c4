// One-time payments through the sandbox: the SDK drives it, the engine hears of it, and the ledger has the credits.
import { describe, expect, it } from "vitest";
import { idOf } from "../../src/payment/provider/stripe/read.ts";
import { payOnPage, startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";

async function checkout(
  { sdk }: SandboxedEngine,
  userId: string,
  options: { quantity?: number; invoice?: boolean } = {},
) {
  return sdk.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price: "price_credits_plus", quantity: options.quantity ?? 1 }],
    success_url: "https://app.test/thanks?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://app.test/cancelled",
    metadata: { userId, priceId: "price_credits_plus" },
    ...(options.invoice === true && {
      invoice_creation: { enabled: true, invoice_data: { metadata: { userId } } },
    }),
  });
}

async function paymentOf({ sdk }: SandboxedEngine, sessionId: string): Promise<string> {
  return idOf((await sdk.checkout.sessions.retrieve(sessionId)).payment_intent) ?? "";
}

describe.each([
  ["the present shape", false],
  ["the old shape", true],
])("in %s", (_, oldShape) => {
  it("a pack that is paid on the page gives its credits, and the browser goes to the success page", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await checkout(world, "u1", { quantity: 2 });
    expect(await (await fetch(session.url ?? "")).text()).toContain("$40.00");
    const paid = await payOnPage(session);
    expect(paid.status).toBe(303);
    expect(paid.headers.get("location")).toBe(`https://app.test/thanks?session=${session.id}`);
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
    expect(world.arrived.toSorted()).toEqual([
      "charge.succeeded",
      "checkout.session.completed",
      "payment_intent.created",
      "payment_intent.succeeded",
    ]);
  });

  it("a declined card leaves the session open to be paid with another, by the same payment intent", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await checkout(world, "u1");
    const declined = await payOnPage(session, "4000000000000002");
    expect(declined.status).toBe(402);
    expect(await declined.text()).toContain("Your card was declined.");
    await payOnPage(session);
    await world.settle();
    expect(await world.balance("u1")).toBe(500);
    expect(world.arrived.filter((type) => type === "payment_intent.created")).toHaveLength(1);
    expect(world.arrived).toEqual(expect.arrayContaining(["charge.failed", "payment_intent.payment_failed"]));
  });

  it("a session that makes an invoice gives its credits once, for the invoice", async () => {
    const world = await startSandboxedEngine({ oldShape });
    await payOnPage(await checkout(world, "u1", { invoice: true }));
    await world.settle();
    expect(await world.balance("u1")).toBe(500);
    expect(world.arrived).toEqual(expect.arrayContaining(["invoice.paid", "invoice_payment.paid"]));
  });

  it.each([
    ["comes through", "AT611904300234573201", 500, "checkout.session.async_payment_succeeded"],
    ["does not come through", "AT861904300235473202", 0, "checkout.session.async_payment_failed"],
  ])("a bank debit that %s settles after the session", async (_name, account, credits, type) => {
    const world = await startSandboxedEngine({ oldShape });
    await payOnPage(await checkout(world, "u1"), account);
    await world.settle();
    expect(await world.balance("u1")).toBe(credits);
    expect(world.arrived).toEqual(expect.arrayContaining(["checkout.session.completed", type]));
  });

  it("refunds take credits back in parts, and one that fails later gives them again", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await checkout(world, "u1");
    await payOnPage(session);
    const intent = await paymentOf(world, session.id);
    await world.sdk.refunds.create({ payment_intent: intent, amount: 500 });
    const second = await world.sdk.refunds.create({ payment_intent: intent, amount: 500 });
    await world.settle();
    expect(await world.balance("u1")).toBe(250);
    await world.control(`/refunds/${second.id}/fail`, {});
    await world.settle();
    expect(await world.balance("u1")).toBe(375);
    const charge = await world.sdk.charges.retrieve(idOf(second.charge) ?? "");
    expect(charge.amount_refunded).toBe(500);
    await expect(world.sdk.refunds.create({ payment_intent: intent, amount: 1501 })).rejects.toThrow(/greater than/);
  });

  it.each([
    ["won", 500],
    ["lost", 0],
  ])("a chargeback takes the credits at once and, %s, leaves %i", async (decision, credits) => {
    const world = await startSandboxedEngine({ oldShape });
    await payOnPage(await checkout(world, "u1"), "4000000000000259");
    await world.settle();
    expect(await world.balance("u1")).toBe(0);
    const { data } = await world.sdk.disputes.list();
    const id = data[0]?.id ?? "";
    await world.control(`/disputes/${id}/${decision}`, {});
    await world.settle();
    expect(await world.balance("u1")).toBe(credits);
  });

  it("an inquiry moves no money until it becomes a chargeback", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await checkout(world, "u1");
    await payOnPage(session);
    const intent = await world.sdk.paymentIntents.retrieve(await paymentOf(world, session.id));
    const path = `/charges/${idOf(intent.latest_charge)}/dispute`;
    const { id } = await world.control<{ id: string }>(path, { inquiry: true });
    await world.settle();
    expect(await world.balance("u1")).toBe(500);
    await world.control(`/disputes/${id}/escalate`, {});
    await world.settle();
    expect(await world.balance("u1")).toBe(0);
  });

  it("keeps books that agree with what was charged, refunded and lost", async () => {
    const world = await startSandboxedEngine({ oldShape });
    const session = await checkout(world, "u1");
    await payOnPage(session);
    const intent = await paymentOf(world, session.id);
    await world.sdk.refunds.create({ payment_intent: intent, amount: 300 });
    await payOnPage(await checkout(world, "u2"), "4000000000000259");
    const books = await world.control<{ payments: readonly object[]; customers: readonly object[] }>("/books");
    expect(books.payments).toMatchObject([
      { session: session.id, payment_intent: intent, paid: 2000, refunded: 300, disputed: 0 },
      { paid: 2000, refunded: 0, disputed: 2000, lines: [{ price: "price_credits_plus", quantity: 1, amount: 2000 }] },
    ]);
    expect(books.customers).toEqual([{ customer: null, currency: "usd", paid: 4000, refunded: 300, disputed: 2000 }]);
  });
});
