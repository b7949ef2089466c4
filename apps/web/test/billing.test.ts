// Selling, as a person sees it: the pages of the running application with its local Stripe behind them.
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { findChromium } from "./chromium.ts";
import { freePort, startApp } from "./running-app.ts";
import type { RunningApp } from "./running-app.ts";
import { control, sdkFor } from "../../../test/support/sandbox-client.ts";

const executablePath = findChromium();
const skipped = executablePath === undefined && !process.env.CI;
if (skipped) console.warn("Browser tests are skipped: no Chromium found. Install one or set CHROMIUM_PATH.");

interface Person {
  readonly page: Page;
  readonly userId: string;
}

describe.skipIf(skipped)("selling", { timeout: 60_000 }, () => {
  let app: RunningApp;
  let browser: Browser;
  let sandboxUrl: string;
  let complaints: string[];
  let count = 0;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error("CI needs a Chromium: apt-get install chromium");
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    const port = await freePort();
    sandboxUrl = `http://127.0.0.1:${port}`;
    app = await startApp({ TALLYSTICK_SANDBOX: "1", TALLYSTICK_SANDBOX_PORT: String(port) });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  beforeEach(() => {
    complaints = [];
  });

  afterEach(() => {
    if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join("\n")}`);
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ baseURL: app.url, ...options })).newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      const { url } = message.location();
      if (message.type() === "error" && url.startsWith(app.url)) complaints.push(`${message.text()} ${url}`);
    });
    await page.goto(path);
    return page;
  }

  async function fillIn(page: Page): Promise<void> {
    count += 1;
    await page.getByLabel("E-mail").fill(`buyer-${count}@example.com`);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Create account" }).click();
  }

  async function signUp(options: BrowserContextOptions = {}): Promise<Person> {
    const page = await open("/sign-up", options);
    await fillIn(page);
    await page.waitForURL("**/credits");
    const session = (await (await page.request.get("/api/auth/get-session")).json()) as { user: { id: string } };
    return { page, userId: session.user.id };
  }

  /** Presses a button of a card on the pricing page, and answers the checkout's id. */
  async function choose(page: Page, card: string, button: string): Promise<string> {
    await page.goto("/pricing");
    await page.getByRole("article", { name: card }).getByRole("button", { name: button }).click();
    return atCheckout(page);
  }

  async function atCheckout(page: Page): Promise<string> {
    await page.waitForURL(`${sandboxUrl}/c/pay/**`);
    return new URL(page.url()).pathname.split("/").pop() ?? "";
  }

  const pay = async (page: Page): Promise<void> => page.getByRole("button", { name: "Pay" }).click();
  const heading = async (page: Page, name: string): Promise<void> =>
    page.getByRole("heading", { name, exact: true }).waitFor({ timeout: 20_000 });

  async function subscribe(page: Page): Promise<void> {
    await choose(page, "Pro", "Subscribe monthly");
    await pay(page);
    await heading(page, "1,000 credits added");
  }

  const checkoutsOf = async (userId: string) =>
    (await sdkFor(sandboxUrl).checkout.sessions.list({ limit: 100 })).data.filter(
      ({ metadata }) => metadata?.["userId"] === userId,
    );

  const available = async (page: Page): Promise<string | null> => {
    await page.goto("/credits");
    return page.getByTestId("available").textContent();
  };

  /** Holds the webhooks back until it is called; answers when they are under way. */
  async function holdEvents(): Promise<() => Promise<void>> {
    const { data } = await sdkFor(sandboxUrl).webhookEndpoints.list();
    const delay = async (delay_ms: number): Promise<void> => {
      for (const { id } of data) await control(sandboxUrl, `/endpoints/${id}/misbehaviour`, { delay_ms });
    };
    await delay(3_600_000);
    const release = async (): Promise<void> => {
      await delay(0);
      await control(sandboxUrl, "/deliveries/retry", {});
    };
    onTestFinished(release);
    return release;
  }

  test("a pack is bought from the pricing page, and the page after it shows the credits and the balance", async () => {
    const { page, userId } = await signUp();
    const checkoutId = await choose(page, "Plus", "Buy");
    await pay(page);
    await page.waitForURL("**/checkout/success?**");
    expect(new URL(page.url()).searchParams.get("checkout_id")).toBe(checkoutId);
    await heading(page, "500 credits added");
    expect(await page.getByTestId("balance").textContent()).toBe("600");
    const [checkout] = await checkoutsOf(userId);
    expect(checkout?.metadata).toMatchObject({ userId, priceId: "price_credits_plus" });
    expect(checkout?.success_url).toBe(`${app.url}/checkout/success?checkout_id={CHECKOUT_SESSION_ID}`);
    expect(checkout?.cancel_url).toBe(`${app.url}/pricing`);
  });

  test("until the payment's event comes the page says that credits are on their way, and then shows them by itself", async () => {
    const release = await holdEvents();
    const { page } = await signUp();
    await choose(page, "Basic", "Buy");
    await pay(page);
    await heading(page, "Payment received, credits are on their way");
    expect(await page.getByTestId("outcome").getAttribute("aria-live")).toBe("polite");
    await release();
    await heading(page, "100 credits added");
  });

  test("after a while the page says that nothing is lost", async () => {
    const release = await holdEvents();
    const { page } = await signUp();
    await page.clock.install();
    await choose(page, "Basic", "Buy");
    // The page's scripts have begun to count once they ask.
    const asked = page.waitForResponse("**/api/checkouts/*");
    await pay(page);
    await asked;
    await page.clock.runFor(31_000);
    await page.getByText("This takes longer than usual. Nothing is lost").waitFor();
    await release();
    await expect.poll(async () => available(page), { timeout: 20_000 }).toBe("200");
  });

  test("without scripts a pack can be bought too, and the page after it loads itself anew until the credits are there", async () => {
    const release = await holdEvents();
    const { page } = await signUp({ javaScriptEnabled: false });
    await choose(page, "Basic", "Buy");
    await pay(page);
    await heading(page, "Payment received, credits are on their way");
    await page.waitForURL(/tries=1/);
    await release();
    await heading(page, "100 credits added");
    expect(await page.getByTestId("balance").textContent()).toBe("200");
  });

  test("who cancels at the checkout is back on the pricing page, and nothing is charged", async () => {
    const { page } = await signUp();
    await choose(page, "Basic", "Buy");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.waitForURL(`${app.url}/pricing`);
    expect(await available(page)).toBe("100");
  });

  test("a card that is declined can be followed by one that pays", async () => {
    const { page } = await signUp();
    await choose(page, "Basic", "Buy");
    await page.getByLabel("Pay with").selectOption({ label: "Card 0002: is declined" });
    await pay(page);
    await page.getByRole("alert").waitFor();
    expect(await available(page)).toBe("100");
    await page.goBack();
    await page.getByLabel("Pay with").selectOption({ label: "Card 4242: pays" });
    await pay(page);
    await heading(page, "100 credits added");
  });

  test("a bank debit that fails is told as such, and gives nothing", async () => {
    const { page } = await signUp();
    await choose(page, "Basic", "Buy");
    await page.getByLabel("Pay with").selectOption({ label: "Bank debit: fails later" });
    await pay(page);
    await page.waitForURL("**/checkout/success?**");
    await control(sandboxUrl, "/clock", { advance_s: 14 * 86_400 });
    await heading(page, "The payment did not go through");
    expect(await available(page)).toBe("100");
  });

  test.each([true, false])("a double click opens one checkout (scripts: %j)", async (javaScriptEnabled) => {
    const { page, userId } = await signUp({ javaScriptEnabled });
    await page.goto("/pricing");
    const button = page.getByRole("article", { name: "Max" }).getByRole("button", { name: "Buy" });
    await button.dblclick();
    const checkoutId = await atCheckout(page);
    expect((await checkoutsOf(userId)).map(({ id }) => id)).toEqual([checkoutId]);
  });

  test("after coming back, the button opens a checkout of its own", async () => {
    const { page, userId } = await signUp();
    const first = await choose(page, "Basic", "Buy");
    await page.goBack();
    await page.waitForURL(`${app.url}/pricing`);
    const button = page.getByRole("article", { name: "Basic" }).getByRole("button", { name: "Buy" });
    await expect.poll(async () => button.isEnabled()).toBe(true);
    await button.click();
    expect(await atCheckout(page)).not.toBe(first);
    expect(await checkoutsOf(userId)).toHaveLength(2);
  });

  test("another user's checkout is unknown, paid or not, like one that does not exist", async () => {
    const { page: buyer } = await signUp();
    const unpaid = await choose(buyer, "Basic", "Buy");
    const paid = await choose(buyer, "Basic", "Buy");
    await pay(buyer);
    await heading(buyer, "100 credits added");
    const { page: other } = await signUp();
    for (const id of [unpaid, paid, "cs_test_none", "%20", ""]) {
      await other.goto(`/checkout/success?checkout_id=${id}`);
      await heading(other, "There is no such checkout of yours");
      if (id !== "") expect((await other.request.get(`/api/checkouts/${id}`)).status()).toBe(404);
    }
    await buyer.goto(`/checkout/success?checkout_id=${unpaid}`);
    await heading(buyer, "This checkout is not paid yet");
    const stranger = await open(`/checkout/success?checkout_id=${paid}`);
    expect(new URL(stranger.url()).pathname).toBe("/sign-in");
    expect((await stranger.request.get(`/api/checkouts/${paid}`)).status()).toBe(401);
  });

  test("who is signed out is led to sign up or in, and back to the prices", async () => {
    const page = await open("/pricing");
    await page.getByRole("article", { name: "Pro" }).getByRole("link", { name: "Subscribe monthly" }).click();
    await page.getByRole("link", { name: "Create one" }).click();
    await page.waitForURL("**/sign-up?**");
    await fillIn(page);
    await page.waitForURL(`${app.url}/pricing`);
    await subscribe(page);
    expect(await available(page)).toBe("1,100");
  });

  test("the present plan is marked, and a second checkout of it is refused with the reason", async () => {
    const { page } = await signUp();
    await page.goto("/pricing");
    await page.getByRole("article", { name: "Free" }).getByText("Your plan").waitFor();
    const old = await page.context().newPage();
    await old.goto("/pricing");
    await subscribe(page);
    await page.goto("/pricing");
    await page.getByRole("article", { name: "Pro" }).getByText("Your plan").waitFor();
    expect(await page.getByText("Your plan", { exact: true }).count()).toBe(1);
    await old.getByRole("button", { name: "Subscribe yearly" }).click();
    await old.getByText("You have this plan already.").waitFor();
  });

  test("what a form is made to say neither names another price, nor another way back", async () => {
    const { page, userId } = await signUp();
    const tamper = async (fields: Record<string, string>): Promise<void> => {
      await page.goto("/pricing");
      const form = page.getByRole("article", { name: "Basic" }).locator("form");
      for (const [name, value] of Object.entries(fields)) {
        const script = `form => { const field = form.elements[${JSON.stringify(name)}] ?? form.appendChild(document.createElement("input"));
          field.name = ${JSON.stringify(name)}; field.value = ${JSON.stringify(value)}; }`;
        await form.evaluate(`(${script})(document.querySelector('[aria-labelledby="pack-basic"] form'))`);
      }
      await form.getByRole("button", { name: "Buy" }).click();
    };
    await tamper({ priceId: "price_of_nothing" });
    await page.getByText("This is not for sale here any more.").waitFor();
    const evil = "https://evil.example";
    await tamper({ successUrl: evil, cancelUrl: evil, userId: "somebody", email: "x@evil.example", amount: "1" });
    await atCheckout(page);
    const [checkout] = await checkoutsOf(userId);
    expect(JSON.stringify(checkout)).not.toContain("evil");
    expect(checkout).toMatchObject({ amount_total: 500, metadata: { userId } });
  });

  test("a subscription changes its price after the sum that is due was shown, ends with its period, and is kept", async () => {
    const { page } = await signUp();
    await subscribe(page);
    await page.goto("/billing");
    const card = page.getByTestId("subscription");
    await card.getByText("Pro, monthly").waitFor();
    await page.getByRole("button", { name: "Switch to Pro, yearly" }).click();
    expect(await page.getByTestId("preview").innerText()).toMatch(/Due now\s+\$180\.00/);
    await page.getByRole("button", { name: "Don’t switch" }).click();
    await page.getByRole("button", { name: "Switch to Pro, yearly" }).click();
    await page.getByRole("button", { name: "Switch and pay $180.00" }).click();
    await page.getByText("Your plan is changed.").waitFor();
    await card.getByRole("heading", { name: "Pro, yearly" }).waitFor();

    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("button", { name: "Cancel the plan" }).click();
    await page.getByText("Cancelled. The plan ends with the paid period.").waitFor();
    await card.getByText(/^Ends on /).waitFor();
    await page.getByRole("button", { name: "Keep the plan" }).click();
    await page.getByText("The plan goes on.").waitFor();
    await card.getByText(/^Renews on /).waitFor();
  });

  test("a change whose payment does not go through changes nothing and says so; a renewal that fails says what to do", async () => {
    const { page } = await signUp();
    await subscribe(page);
    await page.goto("/billing");
    await page.getByRole("button", { name: "Open cards and invoices" }).click();
    await page.waitForURL(`${sandboxUrl}/p/session/**`);
    await page.getByLabel("Card number").fill("4000000000000341");
    await page.getByRole("button", { name: "Use this card" }).click();
    await page.getByRole("link", { name: "Return" }).click();
    await page.waitForURL(`${app.url}/billing`);
    await page.getByRole("button", { name: "Switch to Pro, yearly" }).click();
    await page.getByRole("button", { name: /^Switch and pay/ }).click();
    await page.getByText("The payment did not go through. Your plan stays as it is").waitFor();
    await page.getByTestId("subscription").getByText("Pro, monthly").waitFor();

    await control(sandboxUrl, "/clock", { advance_s: 32 * 86_400 });
    await expect
      .poll(
        async () => {
          await page.goto("/billing");
          return page.getByTestId("subscription").innerText();
        },
        { timeout: 20_000 },
      )
      .toMatch(/Past due[\s\S]*Pay, or change the card/);
  });

  test("another user's subscription can't be touched", async () => {
    const { page: owner } = await signUp();
    await subscribe(owner);
    const [theirs] = (await sdkFor(sandboxUrl).subscriptions.list({ limit: 1 })).data;
    const { page } = await signUp();
    await subscribe(page);
    await page.goto("/billing");
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("button", { name: "Cancel the plan" }).waitFor();
    await page.evaluate(`document.querySelector("[name=subscriptionId]").value = ${JSON.stringify(theirs?.id)}`);
    await page.getByRole("button", { name: "Cancel the plan" }).click();
    await page.getByText("There is no such subscription of yours.").waitFor();
    const after = await sdkFor(sandboxUrl).subscriptions.retrieve(theirs?.id ?? "");
    expect(after.cancel_at_period_end).toBe(false);
  });

  test("who has bought nothing is told so, and led to the prices", async () => {
    const { page } = await signUp();
    await page.goto("/billing");
    await page.getByRole("button", { name: "Open cards and invoices" }).click();
    await page.getByText("You have bought nothing yet").waitFor();
    await page.getByRole("link", { name: "See the plans" }).click();
    await page.waitForURL("**/pricing");
    const pack = page.getByRole("article", { name: "Basic" });
    await expect.poll(async () => pack.getByRole("button").innerText()).toMatch(/^Buy/);
  });

  test("the pages fit a phone, have one first heading, and name every button", async () => {
    const { page } = await signUp({ viewport: { width: 360, height: 740 } });
    await subscribe(page);
    for (const path of ["/pricing", "/billing", "/checkout/success?checkout_id=cs_test_none"]) {
      await page.goto(path);
      expect([path, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([path, 360]);
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect([path, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([path, 360]);
      expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
      const unnamed = "[...document.querySelectorAll('button, a')].filter((e) => e.textContent.trim() === '').length";
      expect(await page.evaluate(unnamed)).toBe(0);
      const ids = "[...document.querySelectorAll('[id]')].map((e) => e.id)";
      const all = await page.evaluate<string[]>(ids);
      expect(all).toEqual([...new Set(all)]);
    }
  });

  test("without a key and without the sandbox the pages say that payments are not set up, and nothing is opened", async () => {
    const closed = await startApp();
    onTestFinished(closed.stop);
    const { page } = await signUp({ baseURL: closed.url });
    for (const path of ["/pricing", "/billing"]) {
      await page.goto(path);
      await page.getByRole("note").getByText("Payments are not set up on this server").waitFor();
    }
    await page.goto("/pricing");
    const form = page.getByRole("article", { name: "Basic" }).locator("form");
    expect(await form.getByRole("button").isDisabled()).toBe(true);
    await page.evaluate(`document.querySelector('[aria-labelledby="pack-basic"] form').requestSubmit()`);
    await form.getByText("Payments are not set up on this server").waitFor();
  });
});
