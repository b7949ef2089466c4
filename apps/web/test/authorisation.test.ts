// Who gets in where in the running application: every page, route and server action in the file tree, for every kind of
// caller. A file that has no row here fails.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everyRow } from "../../../test/security/doors.ts";
import { builtActions, callAction, submitForm } from "./forged-action.ts";
import { startApp } from "./running-app.ts";
import type { RunningApp } from "./running-app.ts";

const API_KEY = "test-api-key";
const CRON_SECRET = "test-cron-secret";
const METRICS_SECRET = "test-metrics-secret";
const source = path.resolve(import.meta.dirname, "../src");

const callers = ["anonymous", "user", "other", "admin", "key", "cron", "scraper"] as const;
type Caller = (typeof callers)[number];
/** A status, with the place that a redirect leads to. */
type Answer = number | string;

const toAll = (answer: Answer, ...exceptions: Partial<Record<Caller, Answer>>[]): Record<Caller, Answer> =>
  Object.assign(Object.fromEntries(callers.map((caller) => [caller, answer])), ...exceptions) as Record<Caller, Answer>;
const toSignedIn = (answer: Answer): Partial<Record<Caller, Answer>> => ({
  user: answer,
  other: answer,
  admin: answer,
});

const pages: Readonly<Record<string, { readonly path: string; readonly answers: Record<Caller, Answer> }>> = {
  "app/page.tsx": { path: "/", answers: toAll(200) },
  "app/sign-in/page.tsx": { path: "/sign-in", answers: toAll(200, toSignedIn("307 /credits")) },
  "app/sign-up/page.tsx": { path: "/sign-up", answers: toAll(200, toSignedIn("307 /credits")) },
  "app/pricing/page.tsx": { path: "/pricing", answers: toAll(200) },
  "app/billing/page.tsx": { path: "/billing", answers: toAll("307 /sign-in", toSignedIn(200)) },
  "app/checkout/success/page.tsx": {
    path: "/checkout/success?checkout_id=cs_nobody",
    answers: toAll("307 /sign-in", toSignedIn(200)),
  },
  "app/credits/page.tsx": { path: "/credits", answers: toAll("307 /sign-in", toSignedIn(200)) },
};

interface Route {
  readonly path: string;
  readonly answers: Readonly<Partial<Record<string, Record<Caller, Answer>>>>;
}
const cronRoute = (route: string): Route => {
  const answers = toAll(401, { cron: 200 });
  return { path: route, answers: { GET: answers, HEAD: toAll(405), POST: answers } };
};
// Methods that a route does not export are 405 to everybody.
const routes: Readonly<Record<string, Route>> = {
  "app/api/health/route.ts": { path: "/api/health", answers: { GET: toAll(200) } },
  "app/api/metrics/route.ts": { path: "/api/metrics", answers: { GET: toAll(401, { scraper: 200 }) } },
  // No driver is configured that calls.
  "app/api/driver/route.ts": {
    path: "/api/driver",
    answers: Object.fromEntries(["GET", "HEAD", "POST", "PUT"].map((method) => [method, toAll(404)])),
  },
  "app/api/cron/tick/route.ts": cronRoute("/api/cron/tick"),
  "app/api/distribute-credits/route.ts": cronRoute("/api/distribute-credits"),
  "app/api/webhooks/stripe/route.ts": { path: "/api/webhooks/stripe", answers: { POST: toAll(400) } },
  "app/api/v1/[...path]/route.ts": {
    path: "/api/v1/accounts/nobody",
    answers: {
      ...Object.fromEntries(["GET", "HEAD"].map((method) => [method, toAll(401, { key: 200 })])),
      ...Object.fromEntries(["POST", "PUT", "PATCH", "OPTIONS"].map((method) => [method, toAll(401, { key: 404 })])),
      DELETE: toAll(401, { key: 200 }),
    },
  },
  "app/api/checkouts/[checkoutId]/route.ts": {
    path: "/api/checkouts/cs_nobody",
    answers: { GET: toAll(401, toSignedIn(404)) },
  },
  // better-auth's own; what it changes for whom is below.
  "app/api/auth/[...all]/route.ts": {
    path: "/api/auth/list-sessions",
    answers: { GET: toAll(401, toSignedIn(200)), HEAD: toAll(404), POST: toAll(404) },
  },
};

interface Action {
  readonly page: string;
  readonly args: readonly unknown[];
  readonly form?: Readonly<Record<string, string>>;
}
const credentials = { email: "user@example.com", password: "correct horse" };
const order = { priceId: "price_credits_basic", idempotencyKey: "one press" };
const subscription = { subscriptionId: "sub_nobody", priceId: "price_pro_monthly" };
const actions: Readonly<Record<string, Action>> = {
  "src/actions/start-checkout.ts startCheckout": { page: "/pricing", args: [{}, order], form: order },
  "src/actions/open-portal.ts openPortal": { page: "/billing", args: [{}, {}] },
  "src/actions/change-subscription.ts previewChange": { page: "/billing", args: [subscription] },
  "src/actions/change-subscription.ts changeSubscription": { page: "/billing", args: [subscription] },
  "src/actions/end-subscription.ts cancelSubscription": { page: "/billing", args: [subscription] },
  "src/actions/end-subscription.ts resumeSubscription": { page: "/billing", args: [subscription] },
  "src/actions/consume-credits.ts consumeCreditsAction": { page: "/credits", args: [{ amount: 1 }] },
  "src/auth/form-actions.ts signIn": { page: "/sign-in", args: [{ email: "" }], form: credentials },
  "src/auth/form-actions.ts signUp": {
    page: "/sign-up",
    args: [{ email: "" }],
    form: { email: "forged@example.com", password: "correct horse" },
  },
  "src/auth/form-actions.ts signOut": { page: "/credits", args: [] },
};

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).map((file) => file.split(path.sep).join("/"));

describe("the table of who gets in", () => {
  test("has every page and every route of the file tree, and none that is gone", () => {
    const inTree = (pattern: RegExp): string[] => files.filter((file) => pattern.test(file)).toSorted();
    expect(Object.keys(pages).toSorted()).toEqual(inTree(/^app\/(.*\/)?page\.(tsx|ts|jsx|js)$/));
    expect(Object.keys(routes).toSorted()).toEqual(inTree(/^app\/(.*\/)?route\.(tsx|ts|jsx|js)$/));
  });

  test("has every server action, and none that is gone", () => {
    const marked = files
      .filter(
        (file) => /\.tsx?$/.test(file) && /^\s*["']use server["']/m.test(readFileSync(path.join(source, file), "utf8")),
      )
      .map((file) => `src/${file}`);
    const listed = Object.keys(actions).map((name) => name.split(" ")[0] ?? "");
    expect([...new Set(listed)].toSorted()).toEqual(marked.toSorted());
  });
});

describe("in the running application", { timeout: 60_000 }, () => {
  let app: RunningApp;
  let client: pg.Client;
  const ids: Record<string, string> = {};
  const headersOf: Record<Caller, Record<string, string>> = {
    anonymous: {},
    user: {},
    other: {},
    admin: {},
    key: { authorization: `Bearer ${API_KEY}` },
    cron: { authorization: `Bearer ${CRON_SECRET}` },
    scraper: { authorization: `Bearer ${METRICS_SECRET}` },
  };

  beforeAll(async () => {
    app = await startApp({
      TALLYSTICK_API_KEY: API_KEY,
      CRON_SECRET,
      METRICS_SECRET,
      STRIPE_WEBHOOK_SECRET: "whsec_test",
    });
    client = new pg.Client(app.databaseUrl);
    await client.connect();
    for (const caller of ["user", "other", "admin"] as const) {
      const response = await authCall("sign-up/email", {
        body: { email: `${caller}@example.com`, password: credentials.password, name: caller },
      });
      if (!response.ok) throw new Error(`signing up answered ${response.status}`);
      headersOf[caller] = { cookie: cookiesOf(response) };
      ids[caller] = ((await response.json()) as { user: { id: string } }).user.id;
    }
    await client.query(`update app."user" set role = 'admin' where id = $1`, [ids["admin"]]);
  }, 240_000);

  afterAll(async () => {
    await client?.end();
    await app?.stop();
  });

  const cookiesOf = (response: Response): string =>
    response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0])
      .join("; ");

  async function authCall(
    endpoint: string,
    { body, headers = {} }: { body: object; headers?: Record<string, string> },
  ): Promise<Response> {
    return fetch(`${app.url}/api/auth/${endpoint}`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: app.url, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  async function answerTo(caller: Caller, method: string, place: string): Promise<Answer> {
    const response = await fetch(`${app.url}${place}`, {
      method,
      redirect: "manual",
      headers: headersOf[caller],
    });
    await response.arrayBuffer();
    const location = response.headers.get("location");
    return location === null ? response.status : `${response.status} ${new URL(location, app.url).pathname}`;
  }

  async function balances(): Promise<Record<string, number>> {
    const { rows } = await client.query<{ user_id: string; credits: string }>(
      "select user_id, current_credits as credits from tallystick.user_credit",
    );
    return Object.fromEntries(rows.map(({ user_id, credits }) => [user_id, Number(credits)]));
  }

  /** The rows of every table are the same afterwards. */
  async function changesNothing(work: () => Promise<void>): Promise<void> {
    const before = await everyRow(app.databaseUrl);
    await work();
    expect(await everyRow(app.databaseUrl)).toEqual(before);
  }

  test.each(Object.entries(pages))("%s answers each caller as the table says", async (_, page) => {
    await changesNothing(async () => {
      for (const caller of callers) {
        expect([caller, await answerTo(caller, "GET", page.path)]).toEqual([caller, page.answers[caller]]);
      }
    });
  });

  test.each(Object.entries(routes))("%s answers each caller and method as the table says", async (_, route) => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      // Next.js makes HEAD of GET, and OPTIONS of what is exported.
      const given = route.answers[method] ?? (method === "HEAD" ? route.answers["GET"] : undefined);
      const answers = given ?? toAll(method === "OPTIONS" ? 204 : 405);
      for (const caller of callers) {
        const answer = await answerTo(caller, method, route.path);
        expect([method, caller, answer]).toEqual([method, caller, answers[caller]]);
      }
    }
  });

  test("a page shows its user's account and nobody else's", async () => {
    const text = async (caller: Caller): Promise<string> =>
      (await fetch(`${app.url}/credits`, { headers: headersOf[caller] })).text();
    for (const caller of ["user", "other", "admin"] as const) {
      const shown = await text(caller);
      const seen = ["user", "other", "admin"].filter((name) => shown.includes(`${name}@example.com`));
      expect([caller, seen]).toEqual([caller, [caller]]);
    }
  });

  test("the table has every action of the build", () => {
    expect(
      builtActions()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(Object.keys(actions).toSorted());
  });

  describe.each(Object.entries(actions))("%s", (name, action) => {
    const id = (): string => builtActions().find((built) => built.name === name)?.id ?? "";

    test.each(["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1"])(
      "is refused from the origin %s, with a session and without, by script and by form",
      async (origin) => {
        await changesNothing(async () => {
          for (const caller of callers) {
            const headers = { ...headersOf[caller], origin };
            for (const response of [
              await callAction(app.url, id(), { ...action, headers }),
              await submitForm(app.url, id(), { ...action, headers }),
            ]) {
              expect([caller, response.status]).toEqual([caller, 500]);
              expect(response.headers.getSetCookie()).toEqual([]);
              await response.arrayBuffer();
            }
          }
        });
      },
    );
  });

  test("every action works from the application's own pages, so that the refusals above mean something", async () => {
    const leadsTo: Record<string, string> = { signIn: "/credits", signUp: "/credits", signOut: "/" };
    const signIn = async () => ({ cookie: cookiesOf(await authCall("sign-in/email", { body: credentials })) });
    const session = await signIn();
    for (const [name, action] of Object.entries(actions)) {
      const id = builtActions().find((built) => built.name === name)?.id ?? "";
      // Those about sessions end the one that they come with.
      const own = name.startsWith("src/auth/") ? await signIn() : session;
      const headers = { ...own, origin: app.url };
      const response = await callAction(app.url, id, { ...action, headers });
      // Where a script's call leads to; credits are spent without leaving the page.
      const redirect = response.headers.get("x-action-redirect")?.split(";")[0] ?? null;
      expect([name, redirect, await response.text()]).toEqual([
        name,
        leadsTo[name.split(" ")[1] ?? ""] ?? null,
        expect.not.stringContaining("fieldErrors"),
      ]);
    }
    const signOut = builtActions().find(({ name }) => name.endsWith(" signOut"));
    const headers = { cookie: cookiesOf(await authCall("sign-in/email", { body: credentials })), origin: app.url };
    expect((await submitForm(app.url, signOut?.id ?? "", { page: "/credits", headers })).status).toBe(303);
    expect((await fetch(`${app.url}/credits`, { headers, redirect: "manual" })).status).toBe(307);
  });

  const consume = async (caller: Caller, args: readonly unknown[], cookie?: string): Promise<string> => {
    const built = builtActions().find(({ name }) => name.endsWith(" consumeCreditsAction"));
    const headers = { ...headersOf[caller], ...(cookie !== undefined && { cookie }), origin: app.url };
    return (await callAction(app.url, built?.id ?? "", { page: "/credits", args, headers })).text();
  };

  test("spending is refused without a session, whatever is sent in its place", async () => {
    await changesNothing(async () => {
      for (const caller of ["anonymous", "key", "cron", "scraper"] as const) {
        expect(await consume(caller, [{ amount: 1, userId: ids["user"] }])).toContain("You are signed out");
      }
      const [own = "", signature = ""] = (headersOf.user["cookie"] ?? "").split(/\.(?=[^.]*$)/);
      for (const forged of [
        own,
        `${own}.${"A".repeat(signature.length)}`,
        `${own}x.${signature}`,
        `better-auth.session_token=${ids["user"]}`,
      ]) {
        expect(await consume("user", [{ amount: 1 }], forged)).toContain("You are signed out");
      }
    });
  });

  test("spending takes from the session's user, whoever else the request names", async () => {
    const before = await balances();
    const named = ids["user"] ?? "";
    const others = { userId: named, user_id: named, ctx: { userId: named }, __proto__: { userId: named } };
    for (const args of [
      [{ amount: 1, ...others }],
      [{ amount: 1 }, others],
      [{ amount: 1, description: named, idempotencyKey: named }],
    ]) {
      expect(await consume("other", args)).toContain('"success":true');
    }
    const after = await balances();
    expect(after[named]).toBe(before[named]);
    expect(after[ids["other"] ?? ""]).toBe((before[ids["other"] ?? ""] ?? 0) - 3);
  });

  test("another user's idempotency key neither gives nor stops anything", async () => {
    const before = await balances();
    for (const caller of ["user", "other", "user", "other"] as const) {
      expect(await consume(caller, [{ amount: 2, idempotencyKey: "one form" }])).toContain('"success":true');
    }
    const after = await balances();
    for (const caller of ["user", "other"]) {
      expect(after[ids[caller] ?? ""]).toBe((before[ids[caller] ?? ""] ?? 0) - 2);
    }
  });

  test("an administrator spends their own credits too", async () => {
    const before = await balances();
    expect(await consume("admin", [{ amount: 1, userId: ids["user"] }])).toContain('"success":true');
    const after = await balances();
    expect(after).toEqual({ ...before, [ids["admin"] ?? ""]: (before[ids["admin"] ?? ""] ?? 0) - 1 });
  });

  test("nobody makes themselves an administrator, or welcomes themselves twice", async () => {
    const claims = { role: "admin", welcomedAt: null, id: ids["admin"], emailVerified: true };
    await authCall("sign-up/email", {
      body: { email: "climber@example.com", password: credentials.password, name: "c", ...claims },
    });
    for (const caller of ["anonymous", "user", "other"] as const) {
      await authCall("update-user", { body: { name: "c", ...claims }, headers: headersOf[caller] });
      await authCall("admin/set-role", { body: { userId: ids["user"], role: "admin" }, headers: headersOf[caller] });
    }
    const { rows } = await client.query<{ id: string }>(
      `select id from app."user" where role = 'admin' and email <> 'admin@localhost.test' or welcomed_at is null`,
    );
    expect(rows.filter(({ id }) => id !== ids["admin"])).toEqual([]);
  });

  test.each(["sign-in/email", "sign-up/email", "sign-out", "update-user", "change-password", "revoke-sessions"])(
    "auth/%s is refused from another site, with that user's cookies",
    async (endpoint) => {
      await changesNothing(async () => {
        const body = {
          email: "user@example.com",
          name: "x",
          password: credentials.password,
          currentPassword: credentials.password,
          newPassword: "another horse",
        };
        for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
          const response = await authCall(endpoint, { body, headers: { ...headersOf.user, origin } });
          expect([origin, response.status]).toEqual([origin, 403]);
        }
      });
    },
  );
});
