// The application with its local Stripe: what a person pays for there is credited here, with no key set anywhere.
import { once } from "node:events";
import { createServer } from "node:net";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findChromium } from "./chromium.ts";
import { freePort, startApp } from "./running-app.ts";
import type { RunningApp } from "./running-app.ts";
import { control, sdkFor } from "../../../test/support/sandbox-client.ts";

const executablePath = findChromium();
const skipped = executablePath === undefined && !process.env.CI;
if (skipped) console.warn("Browser tests are skipped: no Chromium found. Install one or set CHROMIUM_PATH.");

const idOf = (object: string | { id: string } | null): string =>
  typeof object === "string" ? object : (object?.id ?? "");

describe.skipIf(skipped)("with the sandbox on", { timeout: 60_000 }, () => {
  let app: RunningApp;
  let browser: Browser;
  let sandboxUrl: string;
  let count = 0;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error("CI needs a Chromium: apt-get install chromium");
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    const port = await freePort();
    sandboxUrl = `http://127.0.0.1:${port}`;
    app = await startApp({ TALLYSTICK_SANDBOX: "1", TALLYSTICK_SANDBOX_PORT: String(port) });
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  async function signUp(): Promise<{ page: Page; userId: string; customer: Stripe.Customer }> {
    const page = await (await browser.newContext({ baseURL: app.url })).newPage();
    await page.goto("/sign-up");
    count += 1;
    await page.getByLabel("E-mail").fill(`payer-${count}@example.com`);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.waitForURL("**/credits");
    const session = (await (await page.request.get("/api/auth/get-session")).json()) as { user: { id: string } };
    const userId = session.user.id;
    return { page, userId, customer: await sdkFor(sandboxUrl).customers.create({ metadata: { userId } }) };
  }

  /** Opens a checkout of one price, pays on its page, and comes back; answers the payment intent's id. */
  async function buy(
    { page, userId, customer }: Awaited<ReturnType<typeof signUp>>,
    price: string,
    mode: "payment" | "subscription" = "payment",
  ): Promise<string> {
    const sdk = sdkFor(sandboxUrl);
    const { id, url } = await sdk.checkout.sessions.create({
      mode,
      customer: customer.id,
      line_items: [{ price, quantity: 1 }],
      metadata: { userId, priceId: price },
      success_url: `${app.url}/credits`,
    });
    await page.goto(url ?? "");
    await page.getByRole("button", { name: "Pay" }).click();
    await page.waitForURL(`${app.url}/credits`);
    return idOf((await sdk.checkout.sessions.retrieve(id)).payment_intent);
  }

  const available = async (page: Page): Promise<string | null> => {
    await page.reload();
    return page.getByTestId("available").textContent();
  };

  test("a pack that is paid for on the checkout page is credited, and taken back with its refund", async () => {
    const person = await signUp();
    const intent = await buy(person, "price_credits_plus");
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("600");
    await sdkFor(sandboxUrl).refunds.create({ payment_intent: intent });
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("100");
  });

  test("a disputed pack is taken back, and given again when the dispute is won", async () => {
    const person = await signUp();
    const intent = await buy(person, "price_credits_basic");
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("200");
    const { latest_charge: charge } = await sdkFor(sandboxUrl).paymentIntents.retrieve(intent);
    const dispute = await control<{ id: string }>(sandboxUrl, `/charges/${idOf(charge)}/dispute`, {});
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("100");
    await control(sandboxUrl, `/disputes/${dispute.id}/won`, {});
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("200");
  });

  test("a plan gives its month at once, and the next one when the clock is moved", async () => {
    const person = await signUp();
    await buy(person, "price_pro_monthly", "subscription");
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("1,100");
    await control(sandboxUrl, "/clock", { advance_s: 32 * 86_400 });
    await expect.poll(async () => available(person.page), { timeout: 20_000 }).toBe("2,100");
  });

  test("every page says that no real money moves, and its forms may lead to the checkout page", async () => {
    const page = await (await browser.newContext({ baseURL: app.url })).newPage();
    for (const path of ["/", "/sign-in"]) {
      const response = await page.goto(path);
      expect(response?.headers()["content-security-policy"]).toContain(`form-action 'self' ${sandboxUrl};`);
      expect(await page.getByRole("note").innerText()).toBe("Sandbox: no real money");
    }
  });

  test("a port that is taken stops the sandbox and nothing else", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const without = await startApp({ TALLYSTICK_SANDBOX: "1", TALLYSTICK_SANDBOX_PORT: String(port) });
    onTestFinished(without.stop);
    const page = await (await fetch(without.url)).text();
    expect(page).toContain("Credits that add up.");
    expect(page).not.toContain("no real money");
  });
});
