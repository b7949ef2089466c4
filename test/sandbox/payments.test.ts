// One-time payments through the sandbox: the SDK drives it, the engine hears of it, and the ledger has the credits.
import { describe, expect, it } from "vitest";
import { payOnPage, startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";

async function checkout({ sdk }: SandboxedEngine, userId: string, price: string, quantity = 1) {
  return sdk.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price, quantity }],
    success_url: "https://app.test/thanks?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://app.test/cancelled",
    metadata: { userId, priceId: price },
  });
}

describe.each([{ oldShape: false }, { oldShape: true }])("with $oldShape as the old shape", (options) => {
  it("a pack that is paid on the page gives its credits, and the browser goes to the success page", async () => {
    const world = await startSandboxedEngine(options);
    const session = await checkout(world, "u1", "price_credits_plus", 2);
    const page = await fetch(session.url ?? "");
    expect(await page.text()).toContain("$40.00");
    const paid = await payOnPage(session);
    expect(paid.status).toBe(303);
    expect(paid.headers.get("location")).toBe(`https://app.test/thanks?session=${session.id}`);
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
    expect(new Set(world.arrived)).toEqual(
      new Set(["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]),
    );
  });
});
