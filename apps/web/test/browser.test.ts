import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findChromium } from "./chromium.ts";
import { startApp } from "./running-app.ts";
import type { RunningApp } from "./running-app.ts";

const executablePath = findChromium();
const skipped = executablePath === undefined && !process.env.CI;
if (skipped) console.warn("Browser tests are skipped: no Chromium found. Install one or set CHROMIUM_PATH.");

describe.skipIf(skipped)("in a browser", { timeout: 60_000 }, () => {
  let app: RunningApp;
  let browser: Browser;
  let complaints: string[];
  let count = 0;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error("CI needs a Chromium: apt-get install chromium");
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    app = await startApp();
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  beforeEach(() => {
    complaints = [];
  });

  // A blocked script, a failed hydration, a broken request: none may pass unseen.
  afterEach(() => {
    if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join("\n")}`);
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: app.url, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(path);
    return page;
  }

  async function signUp(options: BrowserContextOptions = {}): Promise<{ page: Page; email: string }> {
    const page = await open("/sign-up", options);
    count += 1;
    const email = `person-${count}@example.com`;
    await enter(page, email, "correct horse");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.waitForURL("**/credits");
    return { page, email };
  }

  async function enter(page: Page, email: string, password: string): Promise<void> {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
  }

  async function useCredits(page: Page, amount: string, what = ""): Promise<void> {
    await page.getByLabel("Amount").fill(amount);
    await page.getByLabel("For").fill(what);
    await page.getByRole("button", { name: "Use credits" }).click();
  }

  const available = async (page: Page): Promise<string | null> => page.getByTestId("available").textContent();
  const rows = async (page: Page): Promise<string[]> => page.getByTestId("history").locator("tbody tr").allInnerTexts();

  test("a newcomer signs up and finds the gift and the free plan's credits", async () => {
    const { page } = await signUp();
    expect(await available(page)).toBe("100");
    const lots = await page.getByTestId("lots").innerText();
    expect(lots).toMatch(/Sign-up gift/);
    expect(lots).toMatch(/Monthly credits/);
    expect(await rows(page)).toHaveLength(2);
  });

  test("credits that are used leave the balance and stand in the history", async () => {
    const { page } = await signUp();
    await useCredits(page, "30", "Image generation");
    await page.getByText("30 used. 70 left.").waitFor();
    await expect.poll(async () => available(page)).toBe("70");
    expect((await rows(page))[0]).toMatch(/Image generation[\s\S]*−30\s+70/);
  });

  test("using more than there is fails with the reason, changes nothing, and keeps what was entered", async () => {
    const { page } = await signUp();
    await useCredits(page, "101");
    await page.getByText("Not enough credits: you have 100 available. Nothing was used.").waitFor();
    expect(await available(page)).toBe("100");
    expect(await page.getByLabel("Amount").inputValue()).toBe("101");
    expect(await rows(page)).toHaveLength(2);
  });

  test.each(["0", "-1", "0.5", ""])("an amount of %j is refused beside the form", async (amount) => {
    const { page } = await signUp();
    await useCredits(page, amount);
    await page.getByText(/^(Use at least 1 credit|Enter a whole number of credits)\.$/).waitFor();
    expect(await available(page)).toBe("100");
  });

  test("a double click spends once", async () => {
    const { page } = await signUp();
    await page.getByLabel("Amount").fill("10");
    await page.getByRole("button", { name: "Use credits" }).dblclick();
    await page.getByText("10 used. 90 left.").waitFor();
    await page.reload();
    expect(await available(page)).toBe("90");
    expect(await rows(page)).toHaveLength(3);
  });

  test("the history is paged, and no entry is missing or repeated", async () => {
    const { page } = await signUp();
    for (let used = 1; used <= 20; used += 1) {
      await useCredits(page, "1", `use ${used}`);
      await page.getByText(`1 used. ${100 - used} left.`).waitFor();
    }
    await page.reload();
    const newest = await rows(page);
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("link", { name: "Newest" }).waitFor();
    const older = await rows(page);
    expect([newest.length, older.length]).toEqual([20, 2]);
    expect(new Set([...newest, ...older]).size).toBe(22);
  });

  test("after signing out the credits are out of reach, and signing in brings them back", async () => {
    const { page, email } = await signUp();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Create an account" }).waitFor();
    await page.goto("/credits");
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    await enter(page, email, "wrong horse");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That e-mail address and password don’t belong together.").waitFor();
    await enter(page, email, "correct horse");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/credits");
    expect(await available(page)).toBe("100");
  });

  test("a second account with the same address is refused with the reason", async () => {
    const { email } = await signUp();
    const page = await open("/sign-up");
    await enter(page, email, "another horse");
    await page.getByRole("button", { name: "Create account" }).click();
    const error = page.getByRole("alert").filter({ hasText: "There is an account with this e-mail address." });
    await error.waitFor();
    expect(new URL(page.url()).pathname).toBe("/sign-up");
  });

  test("signing up works without scripts", async () => {
    const { page } = await signUp({ javaScriptEnabled: false });
    expect(await available(page)).toBe("100");
  });

  test.each(["/", "/sign-up", "/sign-in", "/credits"])("%s fits a phone without sideways scrolling", async (path) => {
    const { page } = await signUp({ viewport: { width: 360, height: 740 } });
    if (path !== "/credits") await page.context().clearCookies();
    await page.goto(path);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });
});
