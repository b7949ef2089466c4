// Automatic top-ups against the sandbox over real HTTP: bought once when little is left, never twice, never above the cap,
// and with what the payer's bank says taken for what it is.
import type Stripe from "stripe";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, type Database } from "../../src/db/database.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import type { Tallystick } from "../../src/index.ts";
import type { TallystickOptions } from "../../src/options.ts";
import { callApi, createTestEngine } from "../support/engine.ts";
import { serve } from "./server.ts";
import { expireLeases, skipDelays } from "./setup.ts";
import { SANDBOX_KEY, startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";

const urls = { successUrl: "https://app.test/thanks", cancelUrl: "https://app.test/pricing" };
const pack = { below: 50, priceId: "price_credits_basic", maxPerMonth: 3 };
const good = "4242424242424242";
const declining = "pm_card_chargeCustomerFail";

interface World extends SandboxedEngine {
  readonly sql: Database;
  readonly told: { readonly type: string; readonly data: Record<string, unknown> }[];
}

async function start(options: Partial<TallystickOptions> = {}): Promise<World> {
  const told: World["told"] = [];
  const hear = (event: { type: string; data: unknown }): void => {
    told.push({ type: event.type, data: event.data as Record<string, unknown> });
  };
  const world = await startSandboxedEngine(
    {},
    {
      on: {
        "top_up.failed": hear,
        "top_up.action_required": hear,
        "top_up.limit_reached": hear,
        "payment.failed": hear,
      },
      ...options,
    },
  );
  const sql = connect(world.databaseUrl, { poolSize: 2 });
  onTestFinished(async () => sql.close());
  return { ...world, sql, told };
}

/** A user with 100 credits of a pack, and the card of that purchase kept. */
async function buyer(world: World, userId: string, method = good): Promise<string> {
  const order = { userId, priceId: "price_credits_basic", savePaymentMethod: true, ...urls };
  const { url } = await world.tally.billing.checkout(order);
  const body = new URLSearchParams({ do: "pay", method, email: "payer@example.com" });
  expect((await fetch(url, { method: "POST", redirect: "manual", body })).status).toBe(303);
  await world.settle();
  const [row] = await world.sql.query<{ id: string }>(
    "select customer_id as id from tallystick.customer where user_id = $1",
    [userId],
  );
  return row?.id ?? "";
}

async function useCard(world: World, customer: string, card: string): Promise<void> {
  const method = await world.sdk.paymentMethods.attach(card, { customer });
  await world.sdk.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
}

const invoicesOf = async (world: World, customer: string, status?: Stripe.Invoice.Status) =>
  (await world.sdk.invoices.list({ customer, ...(status && { status }) })).data;

async function intentOf({ sdk }: World, invoice: string): Promise<string> {
  const [payment] = (await sdk.invoicePayments.list({ invoice })).data;
  const intent = payment?.payment.payment_intent;
  return typeof intent === "string" ? intent : "";
}

/** As if so much time had passed for the top-up alone. */
async function endWait(world: World): Promise<void> {
  await world.sql.query(
    `update tallystick.auto_top_up set retry_at = retry_at - interval '4 days', check_at = clock_timestamp()
     where retry_at is not null`,
  );
  await world.tally.drain();
}

const attemptsOf = async (tally: Tallystick, userId: string) =>
  (await tally.billing.autoTopUp.get(userId))?.attempts.map(({ status, reason }) => [status, reason]);

describe("an automatic top-up", () => {
  it("is bought once by the spend that goes below the level, paid by the card of a checkout, and told again changes nothing", async () => {
    const world = await start();
    const { tally } = world;
    const customer = await buyer(world, "u1");
    expect(await tally.billing.autoTopUp.set({ userId: "u1", ...pack })).toMatchObject({
      ...pack,
      userId: "u1",
      provider: "stripe",
      quantity: 1,
      state: "watching",
      usedThisMonth: 0,
      attempts: [],
    });
    await world.settle();
    await tally.credits.consume({ userId: "u1", amount: 50 });
    await tally.drain();
    expect(await world.balance("u1")).toBe(50);
    expect(await invoicesOf(world, customer)).toEqual([]);
    await tally.credits.consume({ userId: "u1", amount: 1 });
    // The drain itself gives the credits: no webhook is waited for.
    await tally.drain();
    expect(await world.balance("u1")).toBe(149);
    await world.settle();
    for (const event of (await world.sdk.events.list({ type: "invoice.paid" })).data)
      await tally.events.replay(event.id);
    await world.settle();
    expect(await world.balance("u1")).toBe(149);
    expect(await invoicesOf(world, customer)).toMatchObject([
      { status: "paid", amount_paid: 500, auto_advance: false },
    ]);
    expect(await tally.billing.autoTopUp.get("u1")).toMatchObject({
      state: "watching",
      usedThisMonth: 1,
      attempts: [{ status: "succeeded", priceId: "price_credits_basic" }],
    });
    expect((await tally.credits.audit()).ok).toBe(true);
    expect(world.told).toEqual([]);
  });

  it("begins at once where too little is there already, and again while it is too little still, within the month's cap", async () => {
    const world = await start();
    const customer = await buyer(world, "u1");
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 1000 });
    for (let round = 0; round < 4; round += 1) await world.settle();
    expect(await world.balance("u1")).toBe(400);
    expect(await invoicesOf(world, customer, "paid")).toHaveLength(3);
    const now = new Date();
    const resetsAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    expect(await world.tally.billing.autoTopUp.get("u1")).toMatchObject({
      state: "limit_reached",
      usedThisMonth: 3,
      nextAttemptAt: resetsAt,
    });
    await world.tally.credits.consume({ userId: "u1", amount: 1 });
    await world.tally.billing.autoTopUp.retry("u1");
    await world.settle();
    expect(world.told).toMatchObject([
      { type: "top_up.limit_reached", data: { userId: "u1", maxPerMonth: 3, resetsAt } },
    ]);
  });

  it("in another month begins to count anew", async () => {
    let now = new Date("2026-01-31T23:59:00Z");
    const world = await start({ clock: () => now });
    await buyer(world, "u1");
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 1000, maxPerMonth: 1 });
    await world.tally.drain();
    await world.tally.drain();
    expect(await world.balance("u1")).toBe(200);
    expect(await world.tally.billing.autoTopUp.get("u1")).toMatchObject({
      state: "limit_reached",
      nextAttemptAt: new Date("2026-02-01T00:00:00Z"),
    });
    now = new Date("2026-02-01T00:00:00Z");
    await world.tally.drain();
    expect(await world.balance("u1")).toBe(300);
  });

  it("is bought once by ten spends at once from several engines that all drain", async () => {
    const world = await start();
    const customer = await buyer(world, "u1");
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack });
    await world.settle();
    const payment = stripe({ secretKey: SANDBOX_KEY, apiBase: world.url, webhookSecrets: ["whsec_other"] });
    const engines = await Promise.all(
      [1, 2, 3].map(async () => (await createTestEngine({ database: world.databaseUrl, payment })).tally),
    );
    try {
      await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const engine = engines[n % 3] ?? world.tally;
          await engine.credits.consume({ userId: "u1", amount: 9 });
          await engine.drain();
        }),
      );
      await Promise.all(engines.map(async (engine) => engine.drain()));
    } finally {
      await Promise.all(engines.map(async (engine) => engine.close()));
    }
    await world.settle();
    expect(await world.balance("u1")).toBe(110);
    expect(await invoicesOf(world, customer, "paid")).toHaveLength(1);
  });

  it("never goes above the cap, however many engines look at once", async () => {
    const world = await start();
    const customer = await buyer(world, "u1");
    const payment = stripe({ secretKey: SANDBOX_KEY, apiBase: world.url, webhookSecrets: ["whsec_other"] });
    const engines = await Promise.all(
      [1, 2, 3].map(async () => (await createTestEngine({ database: world.databaseUrl, payment })).tally),
    );
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 100_000, maxPerMonth: 2 });
    try {
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(engines.map(async (engine) => engine.drain()));
        await Promise.all(engines.map(async (engine) => engine.billing.autoTopUp.retry("u1")));
      }
    } finally {
      await Promise.all(engines.map(async (engine) => engine.close()));
    }
    await world.settle();
    expect(await invoicesOf(world, customer, "paid")).toHaveLength(2);
    expect(await world.balance("u1")).toBe(300);
  });

  it("that is declined waits an hour, a day and three days, is suspended then, and goes on with a new card", async () => {
    const world = await start();
    const { tally } = world;
    const customer = await buyer(world, "u1");
    await useCard(world, customer, declining);
    await tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
    await world.settle();
    const waits: unknown[] = [];
    for (let decline = 1; decline <= 4; decline += 1) {
      const { state, nextAttemptAt, attempts } = (await tally.billing.autoTopUp.get("u1")) ?? {};
      const from = attempts?.[0]?.finishedAt?.getTime() ?? 0;
      waits.push([state, nextAttemptAt && Math.round((nextAttemptAt.getTime() - from) / 3_600_000)]);
      // Neither another spend nor settings that are saved again end the wait.
      await tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
      await tally.drain();
      expect(await attemptsOf(tally, "u1")).toHaveLength(decline);
      if (decline < 4) await endWait(world);
    }
    expect(waits).toEqual([
      ["backing_off", 1],
      ["backing_off", 24],
      ["backing_off", 72],
      ["suspended", null],
    ]);
    await world.settle();
    expect(await attemptsOf(tally, "u1")).toEqual(Array.from({ length: 4 }, () => ["failed", "generic_decline"]));
    expect((await invoicesOf(world, customer)).map(({ status }) => status)).toEqual(["void", "void", "void", "void"]);
    expect(world.told.map(({ type, data }) => [type, data["reason"], data["suspended"]])).toEqual([
      ["top_up.failed", "generic_decline", false],
      ["top_up.failed", "generic_decline", false],
      ["top_up.failed", "generic_decline", false],
      ["top_up.failed", "generic_decline", true],
    ]);
    expect(await world.balance("u1")).toBe(100);

    await useCard(world, customer, "pm_card_visa");
    await tally.billing.autoTopUp.retry("u1");
    await world.settle();
    expect(await world.balance("u1")).toBe(200);
    expect(await tally.billing.autoTopUp.get("u1")).toMatchObject({ state: "watching", usedThisMonth: 1 });
  });

  it("without a card that was kept is declined, and asks for no invoice", async () => {
    const world = await start();
    const { url } = await world.tally.billing.checkout({ userId: "u1", priceId: "price_credits_basic", ...urls });
    const body = new URLSearchParams({ do: "pay", method: good, email: "payer@example.com" });
    await fetch(url, { method: "POST", redirect: "manual", body });
    await world.settle();
    for (const userId of ["u1", "never-bought"]) {
      await world.tally.billing.autoTopUp.set({ userId, ...pack, below: 101 });
      await world.settle();
      expect(await attemptsOf(world.tally, userId)).toEqual([["failed", "no_payment_method"]]);
    }
    expect((await world.sdk.invoices.list()).data).toEqual([]);
  });
});

describe("a top-up whose bank asks for the payer", () => {
  async function asked(): Promise<{ world: World; customer: string; invoice: Stripe.Invoice }> {
    const world = await start();
    const customer = await buyer(world, "u1");
    await useCard(world, customer, "pm_card_authenticationRequired");
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
    await world.settle();
    const [invoice] = await invoicesOf(world, customer, "open");
    if (invoice === undefined) throw new Error("no invoice is open");
    expect(await world.tally.billing.autoTopUp.get("u1")).toMatchObject({
      state: "action_required",
      usedThisMonth: 1,
      attempts: [{ status: "action_required", payUrl: invoice.hosted_invoice_url }],
    });
    expect(world.told).toMatchObject([
      { type: "top_up.action_required", data: { userId: "u1", payUrl: invoice.hosted_invoice_url } },
    ]);
    return { world, customer, invoice };
  }

  it("is told once, stays in flight, and grants once when the payer has paid", async () => {
    const { world, customer, invoice } = await asked();
    const { tally, sdk } = world;
    await tally.credits.consume({ userId: "u1", amount: 1 });
    await tally.billing.autoTopUp.retry("u1");
    await tally.drain();
    expect(await invoicesOf(world, customer)).toHaveLength(1);
    // The payer passes the bank's check on the invoice's page.
    await sdk.paymentIntents.confirm(await intentOf(world, invoice.id), {
      payment_method: (await sdk.customers.listPaymentMethods(customer)).data[0]?.id ?? "",
    });
    await world.settle();
    await world.settle();
    expect(await world.balance("u1")).toBe(199);
    expect(await attemptsOf(tally, "u1")).toEqual([["succeeded", null]]);
    expect(world.told).toHaveLength(1);
  });

  it("is given up after a day, and counts as a decline", async () => {
    const { world, customer } = await asked();
    await world.sql.query("update tallystick.auto_top_up_attempt set expires_at = clock_timestamp()");
    await world.settle();
    expect(await attemptsOf(world.tally, "u1")).toEqual([["failed", "authentication_required"]]);
    expect(await invoicesOf(world, customer)).toMatchObject([{ status: "void" }]);
    expect(await world.tally.billing.autoTopUp.get("u1")).toMatchObject({ state: "backing_off", usedThisMonth: 0 });
  });
});

describe("a charge", () => {
  /** An engine whose requests to the sandbox pass through here. */
  async function through(
    world: World,
    pass: (request: Request, forward: () => Promise<Response>, n: number) => Promise<Response>,
  ): Promise<Tallystick> {
    let n = 0;
    const proxy = await serve(async (request) => {
      n += 1;
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete("host");
      headers.delete("connection");
      const text = await request.text();
      const body = text === "" ? null : text;
      const forward = async () => {
        const answer = await fetch(`${world.url}${pathname}${search}`, { method: request.method, headers, body });
        return new Response(await answer.text(), { status: answer.status });
      };
      return pass(request, forward, n);
    });
    const payment = stripe({ secretKey: SANDBOX_KEY, apiBase: proxy.origin, webhookSecrets: ["whsec_other"] });
    const { tally } = await createTestEngine({ database: world.databaseUrl, payment });
    onTestFinished(async () => {
      await tally.close();
      await proxy[Symbol.asyncDispose]();
    });
    return tally;
  }

  it("is made once and granted once, whichever answer of the provider is lost", async () => {
    const world = await start();
    let lose = 0;
    let asked = 0;
    const lost: string[] = [];
    const tally = await through(world, async (request, forward) => {
      asked += 1;
      const answer = await forward();
      if (asked !== lose) return answer;
      lost.push(`${request.method} ${new URL(request.url).pathname.replace(/(in|cus|pm)_\w+/, "$1")}`);
      return Response.json({ error: { type: "api_error", message: "lost" } }, { status: 500 });
    });
    for (lose = 1; lose === 1 || lost.length === lose - 1; lose += 1) {
      const userId = `u${lose}`;
      const customer = await buyer(world, userId);
      asked = 0;
      await tally.billing.autoTopUp.set({ userId, ...pack, below: 101 });
      await tally.drain();
      await skipDelays(world.sql);
      await tally.drain();
      await world.settle();
      expect([lose, await world.balance(userId)]).toEqual([lose, 200]);
      expect([lose, await invoicesOf(world, customer, "paid")]).toMatchObject([lose, [{ amount_paid: 500 }]]);
      expect(await attemptsOf(tally, userId)).toEqual([["succeeded", null]]);
    }
    expect(lost).toEqual(
      expect.arrayContaining(["POST /v1/invoices", "POST /v1/invoiceitems", "POST /v1/invoices/in/pay"]),
    );
    expect(world.told).toEqual([]);
  }, 60_000);

  it("is made once and granted once when its worker hangs between charge and commit, and another takes over", async () => {
    const world = await start();
    const customer = await buyer(world, "u1");
    const reached = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    const tally = await through(world, async (request, forward) => {
      const answer = await forward();
      if (request.url.endsWith("/pay")) {
        reached.resolve(undefined);
        await release.promise;
      }
      return answer;
    });
    await tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
    const hanging = tally.drain();
    await reached.promise;
    expect(await invoicesOf(world, customer, "paid")).toHaveLength(1);
    await expireLeases(world.sql);
    await world.tally.drain();
    expect(await world.balance("u1")).toBe(200);
    release.resolve(undefined);
    await hanging;
    await world.settle();
    expect(await world.balance("u1")).toBe(200);
    expect(await invoicesOf(world, customer)).toHaveLength(1);
    expect(await attemptsOf(world.tally, "u1")).toEqual([["succeeded", null]]);
  });

  it("that the provider can't be asked for is no decline, and retry goes on where it was given up", async () => {
    const world = await start({ retry: { maxAttempts: 2 } });
    const customer = await buyer(world, "u1");
    await world.control("/api-faults", { faults: [{ kind: "500", rate: 1, path: "/v1/" }] });
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
    await world.settle();
    expect(await attemptsOf(world.tally, "u1")).toEqual([["pending", null]]);
    await world.control("/api-faults", { faults: [] });
    await world.tally.billing.autoTopUp.retry("u1");
    await world.settle();
    expect([await world.balance("u1"), (await invoicesOf(world, customer, "paid")).length]).toEqual([200, 1]);
  });
});

describe("a top-up that was bought", () => {
  it("takes its credits back when it is refunded", async () => {
    const world = await start();
    const customer = await buyer(world, "u1");
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack, below: 101 });
    await world.settle();
    expect(await world.balance("u1")).toBe(200);
    const [invoice] = await invoicesOf(world, customer, "paid");
    await world.tally.billing.autoTopUp.remove("u1");
    await world.sdk.refunds.create({ payment_intent: await intentOf(world, invoice?.id ?? "") });
    await world.settle();
    expect(await world.balance("u1")).toBe(100);
  });
});

describe("nobody is charged", () => {
  it("whose account is frozen, until it is unfrozen", async () => {
    const world = await start();
    const { tally } = world;
    const customer = await buyer(world, "u1");
    await tally.billing.autoTopUp.set({ userId: "u1", ...pack });
    await tally.credits.consume({ userId: "u1", amount: 60 });
    await tally.credits.freeze({ userId: "u1", actor: "ops", reason: "fraud" });
    await world.settle();
    expect(await invoicesOf(world, customer)).toEqual([]);
    expect(await tally.billing.autoTopUp.get("u1")).toMatchObject({ state: "closed", attempts: [] });
    await tally.credits.unfreeze({ userId: "u1", actor: "ops", reason: "cleared" });
    await world.settle();
    expect(await world.balance("u1")).toBe(140);
  });

  it("who was erased, or took the settings back, also where a top-up was begun", async () => {
    const world = await start();
    const { tally, sql } = world;
    const [erased, removed] = [await buyer(world, "u1"), await buyer(world, "u2")];
    for (const userId of ["u1", "u2"]) {
      await tally.billing.autoTopUp.set({ userId, ...pack, below: 101 });
      await sql.query("select tallystick.begin_top_up(id, 5) from tallystick.user_credit where user_id = $1", [userId]);
      expect(await tally.billing.autoTopUp.get(userId)).toMatchObject({ state: "charging" });
    }
    await tally.users.erase({ userId: "u1" });
    expect(await tally.billing.autoTopUp.remove("u2")).toBe(true);
    await world.settle();
    for (const customer of [erased, removed]) expect(await invoicesOf(world, customer)).toEqual([]);
    expect(await tally.billing.autoTopUp.get("u1")).toBeNull();
    expect(await sql.query("select status from tallystick.auto_top_up_attempt")).toEqual([
      { status: "cancelled" },
      { status: "cancelled" },
    ]);
    const left = await sql.query("select from tallystick.auto_top_up_attempt where user_id = 'u1'");
    expect(left).toEqual([]);
  });
});

describe("settings", () => {
  it.each([
    [{ below: 0 }, "below"],
    [{ maxPerMonth: 101 }, "maxPerMonth"],
    [{ quantity: 0 }, "quantity"],
    [{ priceId: "price_pro_monthly" }, "pack"],
    [{ priceId: "price_unknown" }, "priceId"],
  ])("%j are refused", async (wrong, named) => {
    const { tally } = await start();
    await expect(tally.billing.autoTopUp.set({ userId: "u1", ...pack, ...wrong })).rejects.toThrow(named);
  });

  it("leave the alerts of the account as they are, and are told as none", async () => {
    const alerts: string[] = [];
    const world = await start({
      alerts: [{ kind: "low", amount: 60 }],
      onAlert: ({ kind }) => void alerts.push(kind),
    });
    await buyer(world, "u1");
    await world.tally.tick();
    await world.tally.billing.autoTopUp.set({ userId: "u1", ...pack });
    await world.settle();
    await world.tally.credits.consume({ userId: "u1", amount: 45 });
    await world.settle();
    expect(alerts).toEqual(["low"]);
    await world.tally.credits.consume({ userId: "u1", amount: 10 });
    await world.settle();
    expect([alerts, await world.balance("u1")]).toEqual([["low"], 145]);
    expect((await world.tally.credits.alerts({ userId: "u1" })).rules).toEqual([{ kind: "low", amount: 60 }]);
  });
});

describe("over REST", () => {
  it("a top-up is set, read, ended of its wait and removed", async () => {
    const world = await start();
    await buyer(world, "u1");
    const ask = async (method: string, path = "", body?: object): Promise<[number, Record<string, unknown>]> => {
      const response = await callApi(world.tally, `/billing/auto-top-ups/u1${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      });
      return [response.status, (await response.json()) as Record<string, unknown>];
    };
    expect((await ask("GET"))[0]).toBe(404);
    expect((await ask("POST", "/retry"))[0]).toBe(404);
    expect((await ask("PUT", "", { ...pack, below: 0 }))[0]).toBe(400);
    expect(await ask("PUT", "", { ...pack, below: 101 })).toMatchObject([200, { userId: "u1", state: "watching" }]);
    await world.settle();
    expect(await ask("GET")).toMatchObject([200, { usedThisMonth: 1, attempts: [{ status: "succeeded" }] }]);
    expect(await ask("POST", "/retry")).toMatchObject([200, { state: "watching" }]);
    expect(await ask("DELETE")).toEqual([200, { removed: true }]);
    expect(await ask("DELETE")).toEqual([200, { removed: false }]);
    const exported = (await (await callApi(world.tally, "/accounts/u1/export")).json()) as Record<string, unknown>;
    expect(exported).toMatchObject({ autoTopUps: [], topUpAttempts: [{ userId: "u1", status: "succeeded" }] });
  });
});
