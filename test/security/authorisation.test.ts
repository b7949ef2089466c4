// Who gets in where: every route that is mounted, with every way of not having its key. The routes are read from the
// running router, so that one without a row here fails.
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { createApi } from "../../src/http/api/app.ts";
import type { Handlers, Tallystick } from "../../src/index.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { paddle } from "../../src/payment/provider/paddle.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { refusalOf } from "../flows/api.ts";
import {
  API_KEY,
  createTestEngine,
  CRON_SECRET,
  METRICS_SECRET,
  eventBody,
  signatureOf,
  WEBHOOK_SECRET,
} from "../support/engine.ts";
import { PADDLE_SECRET } from "../support/paddle.ts";
import { createTestDatabase } from "../support/database.ts";
import { countUses, everyRow } from "./doors.ts";

const credits = { amount: 5, type: "purchase_package" };
const checkout = {
  userId: "ann",
  priceId: "price_credits_plus",
  successUrl: "https://app.test",
  cancelUrl: "https://app.test",
  provider: "stripe",
};
const topUp = { below: 5, priceId: "price_credits_plus", maxPerMonth: 2, provider: "stripe" };
const change = { userId: "ann", priceId: "price_pro_monthly" };
const endpoint = { url: "https://example.com/hook", types: ["credits.granted"] };

// What a plain call with the right key is answered: anything but 401 says that the door opened. Rows run in this order.
const api: Readonly<Record<string, { readonly status: number; readonly query?: string; readonly body?: unknown }>> = {
  "GET /api/v1/accounts/:userId": { status: 200 },
  "GET /api/v1/accounts/:userId/transactions": { status: 200 },
  "GET /api/v1/accounts/:userId/usage": { status: 200 },
  "GET /api/v1/accounts/:userId/limits": { status: 200 },
  "GET /api/v1/accounts/:userId/alerts": { status: 200 },
  "GET /api/v1/accounts/:userId/enrolments": { status: 200 },
  "GET /api/v1/accounts/:userId/export": { status: 200 },
  "POST /api/v1/accounts/:userId/grants": { status: 200, body: credits },
  "POST /api/v1/accounts/:userId/consume": { status: 200, body: { amount: 1 } },
  "POST /api/v1/accounts/:userId/holds": { status: 200, body: { amount: 1, expiresInSeconds: 60 } },
  "POST /api/v1/accounts/:userId/adjustments": { status: 200, body: { amount: 1 } },
  "POST /api/v1/accounts/:userId/refunds": { status: 404, body: { debitKey: "none", amount: 1 } },
  "POST /api/v1/accounts/:userId/enrolments": { status: 200, body: { planId: "free" } },
  "POST /api/v1/accounts/:userId/plan": { status: 422, body: { from: "pro", to: "free" } },
  "PUT /api/v1/accounts/:userId/time-zone": { status: 200, body: { timeZone: "Europe/Rome" } },
  "PUT /api/v1/accounts/:userId/limits": { status: 200, body: { period: "day", amount: 10 } },
  "DELETE /api/v1/accounts/:userId/limits": { status: 200, query: "?period=day" },
  "PUT /api/v1/accounts/:userId/alerts": { status: 200, body: { rules: [{ kind: "exhausted" }] } },
  "POST /api/v1/accounts/:userId/freeze": { status: 200, body: { reason: "a test" } },
  "POST /api/v1/accounts/:userId/unfreeze": { status: 200, body: { reason: "a test" } },
  "POST /api/v1/accounts/:userId/merge": { status: 422, body: { into: "bob", reason: "a test" } },
  "DELETE /api/v1/accounts/:userId": { status: 200 },
  "POST /api/v1/consume-batch": { status: 200, body: { items: [] } },
  "GET /api/v1/cost": { status: 400, query: "?feature=none&quantity=1" },
  "GET /api/v1/holds/:id": { status: 404 },
  "POST /api/v1/holds/:id/capture": { status: 404 },
  "POST /api/v1/holds/:id/void": { status: 404 },
  "POST /api/v1/transactions/:id/refund": { status: 404 },
  "POST /api/v1/payments/:id/returns": { status: 200, body: { returned: 1, paid: 2 } },
  "POST /api/v1/enrolments/:id/end": { status: 404, body: {} },
  "POST /api/v1/enrolments/:id/pause": { status: 404, body: {} },
  "POST /api/v1/enrolments/:id/resume": { status: 404, body: {} },
  "GET /api/v1/events": { status: 200 },
  "POST /api/v1/events/:id/replay": { status: 404 },
  "GET /api/v1/tasks": { status: 200 },
  "GET /api/v1/tasks/:id": { status: 404 },
  "POST /api/v1/tasks/:id/replay": { status: 404 },
  "GET /api/v1/audit": { status: 200 },
  "GET /api/v1/exports/transactions": { status: 200, query: "?format=csv" },
  "GET /api/v1/reports/credits": { status: 200, query: "?from=2026-01&to=2026-02" },
  "GET /api/v1/reports/usage": { status: 200 },
  "GET /api/v1/reports/deferred-revenue": { status: 200 },
  "GET /api/v1/reports/expiring": { status: 200 },
  "GET /api/v1/reports/expiring-by-day": { status: 200 },
  "POST /api/v1/billing/checkout": { status: 422, body: checkout },
  "GET /api/v1/billing/checkouts/:id": { status: 422, query: "?userId=ann&provider=stripe" },
  "POST /api/v1/billing/portal": {
    status: 422,
    body: { userId: "ann", returnUrl: "https://app.test", provider: "stripe" },
  },
  "GET /api/v1/billing/subscriptions": { status: 200, query: "?userId=ann" },
  "POST /api/v1/billing/subscriptions/:id/cancel": { status: 404, body: { userId: "ann", when: "now" } },
  "POST /api/v1/billing/subscriptions/:id/resume": { status: 404, body: { userId: "ann" } },
  "POST /api/v1/billing/subscriptions/:id/preview": { status: 404, body: change },
  "POST /api/v1/billing/subscriptions/:id/change": { status: 404, body: change },
  "GET /api/v1/billing/auto-top-ups/:userId": { status: 404 },
  "PUT /api/v1/billing/auto-top-ups/:userId": { status: 422, body: topUp },
  "DELETE /api/v1/billing/auto-top-ups/:userId": { status: 200 },
  "POST /api/v1/billing/auto-top-ups/:userId/retry": { status: 404 },
  "GET /api/v1/endpoints": { status: 200 },
  "POST /api/v1/endpoints": { status: 200, body: endpoint },
  "GET /api/v1/endpoints/:id": { status: 404 },
  "PATCH /api/v1/endpoints/:id": { status: 404, body: {} },
  "DELETE /api/v1/endpoints/:id": { status: 404 },
  "POST /api/v1/endpoints/:id/roll-secret": { status: 404 },
  "POST /api/v1/endpoints/:id/enable": { status: 404 },
  "POST /api/v1/endpoints/:id/disable": { status: 404 },
  "GET /api/v1/endpoints/:id/deliveries": { status: 404 },
  "POST /api/v1/endpoints/:id/replay": { status: 404, body: { since: "2026-01-01T00:00:00Z" } },
  "GET /api/v1/deliveries/:id": { status: 404 },
  "POST /api/v1/deliveries/:id/replay": { status: 404 },
};
const publicRoutes = ["GET /api/v1/openapi.json"];

// A handler of the library that is not here fails the first test.
const doors: Readonly<Record<keyof Handlers, "api" | "cron" | "signature" | "driver" | "metrics" | "public">> = {
  webhook: "signature",
  stripeWebhook: "signature",
  distributeCredits: "cron",
  cron: "cron",
  driver: "driver",
  metrics: "metrics",
  health: "public",
  api: "api",
};

const basic = (name: string, password: string): string => `Basic ${btoa(`${name}:${password}`)}`;

/** Ways to come without a door's key; `key` is the right one, `others` are the other doors'. */
function withoutKey(key: string, others: readonly string[]): [string, { headers?: HeadersInit; query?: string }][] {
  const everywhere = ["key", "apiKey", "api_key", "access_token", "token", "secret", "authorization"];
  return [
    ["nothing", {}],
    ["an empty header", { headers: { authorization: "" } }],
    ["an empty key", { headers: { authorization: "Bearer " } }],
    ["an empty password", { headers: { authorization: basic("api", "") } }],
    ["the text undefined", { headers: { authorization: "Bearer undefined" } }],
    ["a wrong key", { headers: { authorization: "Bearer wrong" } }],
    ["the key in other letters", { headers: { authorization: `Bearer ${key.toUpperCase()}` } }],
    ["all but the key's last letter", { headers: { authorization: `Bearer ${key.slice(0, -1)}` } }],
    ["the key and a letter", { headers: { authorization: `Bearer ${key}x` } }],
    ["a wrong key before the right one", { headers: { authorization: `Bearer wrong, Bearer ${key}` } }],
    ["the key without a scheme", { headers: { authorization: key } }],
    ["the key of another name", { headers: { authorization: basic("root", key) } }],
    [
      "the key in other headers",
      { headers: { "x-api-key": key, "api-key": key, "proxy-authorization": `Bearer ${key}` } },
    ],
    ["the key in a cookie", { headers: { cookie: everywhere.map((name) => `${name}=${key}`).join("; ") } }],
    ["the key in the query", { query: `?${everywhere.map((name) => `${name}=${key}`).join("&")}` }],
    ...others.map((other): [string, { headers: HeadersInit }] => [
      "another door's key",
      { headers: { authorization: other } },
    ]),
  ];
}

let tally: Tallystick;
let databaseUrl: string;
let uses: () => number;

beforeAll(async () => {
  databaseUrl = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: databaseUrl });
  ({ tally } = await createTestEngine({
    database: pool,
    payment: [stripe({ webhookSecrets: WEBHOOK_SECRET }), paddle({ webhookSecrets: PADDLE_SECRET })],
  }));
  uses = countUses(pool);
  await tally.credits.grant({ userId: "ada", amount: 100, type: "purchase_package" });
  return async () => {
    await tally.close();
    await pool.end();
  };
});

function mounted(): string[] {
  const routes = createApi({ engine: tally, logger: silentLogger, apiKeys: [API_KEY] }).routes;
  return [...new Set(routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`))];
}

function requestFor(route: string, query = "", init: RequestInit = {}): Request {
  const [method = "", path = ""] = route.split(" ");
  const filled = path.replace(":userId", "ada").replace(":id", "999999");
  return new Request(`http://localhost${filled}${query}`, { ...init, method });
}

/** Nothing was asked of the database while `work` ran, and nothing in it is another. */
async function touchesNothing(work: () => Promise<void>): Promise<void> {
  const [before, used] = [await everyRow(databaseUrl), uses()];
  await work();
  expect(uses()).toBe(used);
  expect(await everyRow(databaseUrl)).toEqual(before);
}

describe("the table of who gets in", () => {
  it("has every handler, every route of the REST API, and none that is gone", async () => {
    expect(Object.keys(doors).toSorted()).toEqual(Object.keys(tally.handlers).toSorted());
    expect([...Object.keys(api), ...publicRoutes].toSorted()).toEqual(mounted().toSorted());
  });

  it("agrees with the published document about what there is", async () => {
    const response = await tally.handlers.api(new Request("http://localhost/api/v1/openapi.json"));
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    expect(documented.toSorted()).toEqual(Object.keys(api).toSorted());
  });
});

describe("the REST API", () => {
  const others = [
    `Bearer ${CRON_SECRET}`,
    basic("cron", "pa:ss"),
    basic("api", CRON_SECRET),
    `Bearer ${WEBHOOK_SECRET}`,
  ];

  it.each(Object.entries(api))(
    "%s is 401 to everybody without its key, before anything is read",
    async (route, row) => {
      await touchesNothing(async () => {
        for (const [way, { headers, query = "" }] of withoutKey(API_KEY, others)) {
          const all = new Headers(headers);
          all.set("content-type", "application/json");
          const body = route.startsWith("GET ") ? undefined : JSON.stringify(row.body ?? {});
          const request = requestFor(route, `${row.query ?? "?"}&${query.slice(1)}`, {
            headers: all,
            ...(body !== undefined && { body }),
          });
          const response = await tally.handlers.api(request);
          expect([way, ...(await refusalOf(response))]).toEqual([way, 401, "unauthorized"]);
          expect(request.bodyUsed).toBe(false);
        }
      });
    },
  );

  it.each([...Object.keys(api), "GET /api/v1/nothing", "GET /api/v1/"])(
    "%s is 401 without the key by any other method too",
    async (route) => {
      await touchesNothing(async () => {
        for (const method of ["HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
          const response = await tally.handlers.api(requestFor(`${method} ${route.split(" ")[1]}`));
          expect([method, response.status]).toEqual([method, 401]);
        }
      });
    },
  );

  it.each([
    "/api/v1/accounts/ada/../ada",
    "//api/v1/accounts/ada",
    "/api/v1//accounts/ada",
    "/api/v1/openapi.json/",
    "/api/v1/openapi.json/../accounts/ada",
    "/api/v1/openapi.json%2f..%2faccounts%2fada",
    "/API/V1/accounts/ada",
    "/api/v1/accounts/ada;/api/v1/openapi.json",
    "/api/v1/accounts/ada?/api/v1/openapi.json",
    "/api/v1/accounts/ada#/api/v1/openapi.json",
    "/api/v1/accounts/ada%00/api/v1/openapi.json",
  ])("the path %s opens nothing", async (path) => {
    await touchesNothing(async () => {
      const response = await tally.handlers.api(new Request(`http://localhost${path}`));
      expect(response.status).toBe(401);
    });
  });

  it.each(Object.entries(api))("%s opens to its key", async (route, { status, query = "", body }) => {
    const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
    const init = { headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await tally.handlers.api(requestFor(route, query, init));
    expect([response.status, await response.text()]).toEqual([status, expect.any(String)]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it.each(publicRoutes)("%s is public, and asks the database nothing", async (route) => {
    await touchesNothing(async () => {
      expect((await tally.handlers.api(requestFor(route))).status).toBe(200);
    });
  });
});

const handlersBehind = (door: string): (keyof Handlers)[] =>
  (Object.keys(doors) as (keyof Handlers)[]).filter((name) => doors[name] === door);

describe("the cron handlers", () => {
  const others = [`Bearer ${API_KEY}`, basic("api", API_KEY), basic("cron", CRON_SECRET), basic("cron", API_KEY)];

  it.each(handlersBehind("cron"))(
    "%s is 401 to everybody without its secret, before anything is read",
    async (name) => {
      await touchesNothing(async () => {
        for (const [way, { headers, query = "" }] of withoutKey(CRON_SECRET, others)) {
          for (const method of ["GET", "POST"]) {
            const response = await tally.handlers[name](
              requestFor(`${method} /api/cron`, query, headers === undefined ? {} : { headers }),
            );
            expect([way, response.status, await response.json()]).toEqual([way, 401, { error: "Unauthorized" }]);
          }
        }
      });
    },
  );

  it.each(handlersBehind("cron"))("%s opens to its secret and to its user", async (name) => {
    for (const authorization of [`Bearer ${CRON_SECRET}`, basic("cron", "pa:ss")]) {
      const response = await tally.handlers[name](requestFor("GET /api/cron", "", { headers: { authorization } }));
      expect(response.status).toBe(200);
    }
  });
});

describe("the webhook handlers", () => {
  const body = eventBody({ type: "invoice.created", object: { id: "in_1", object: "invoice" } });
  const paths = ["/api/webhooks/stripe", "/api/webhooks/paddle"];

  it.each(handlersBehind("signature"))(
    "%s is open to a signature alone: no other door's key stands for it",
    async (name) => {
      await touchesNothing(async () => {
        for (const path of paths) {
          for (const secret of [API_KEY, CRON_SECRET, WEBHOOK_SECRET, PADDLE_SECRET]) {
            for (const [way, { headers, query = "" }] of withoutKey(secret, [
              `Bearer ${secret}`,
              basic("api", secret),
            ])) {
              const request = requestFor(`POST ${path}`, query, { body, ...(headers !== undefined && { headers }) });
              const response = await tally.handlers[name](request);
              expect([way, response.status, await response.json()]).toEqual([way, 400, { error: "Invalid signature" }]);
            }
          }
        }
      });
    },
  );

  it.each(handlersBehind("signature"))("%s takes a signed event without any key", async (name) => {
    const headers = { "stripe-signature": await signatureOf(body) };
    const response = await tally.handlers[name](requestFor("POST /api/webhooks/stripe", "", { body, headers }));
    expect(response.status).toBe(200);
  });
});

describe("the driver's handler", () => {
  it.each(handlersBehind("driver"))(
    "%s is not there without a driver that is called, whatever the key",
    async (name) => {
      await touchesNothing(async () => {
        for (const authorization of [`Bearer ${API_KEY}`, `Bearer ${CRON_SECRET}`]) {
          const response = await tally.handlers[name](
            requestFor("POST /api/driver", "", { headers: { authorization } }),
          );
          expect(response.status).toBe(404);
        }
      });
    },
  );
});

describe("the metrics' handler", () => {
  it.each(handlersBehind("metrics"))("%s is closed to all but its secret", async (name) => {
    await touchesNothing(async () => {
      for (const [way, { headers, query = "" }] of withoutKey(METRICS_SECRET, [
        `Bearer ${API_KEY}`,
        `Bearer ${CRON_SECRET}`,
        basic("cron", "pa:ss"),
      ])) {
        const request = requestFor("GET /api/metrics", query, headers === undefined ? {} : { headers });
        expect([way, (await tally.handlers[name](request)).status]).toEqual([way, 401]);
      }
    });
  });

  it.each(handlersBehind("metrics"))("%s opens to its secret, and writes nothing", async (name) => {
    const headers = { authorization: `Bearer ${METRICS_SECRET}` };
    const before = await everyRow(databaseUrl);
    const response = await tally.handlers[name](requestFor("GET /api/metrics", "", { headers }));
    expect(response.status).toBe(200);
    expect(await everyRow(databaseUrl)).toEqual(before);
  });
});

describe("the public handlers", () => {
  it.each(handlersBehind("public"))("%s needs no key and writes nothing", async (name) => {
    const before = await everyRow(databaseUrl);
    const response = await tally.handlers[name](requestFor("GET /api/health"));
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
    expect(await everyRow(databaseUrl)).toEqual(before);
  });
});
