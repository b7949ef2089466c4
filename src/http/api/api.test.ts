// The REST API: what it refuses and how, that a refusal changes nothing, and consumption under concurrency.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setUp } from "../../../test/flows/setup.ts";
import { API_KEY, callApi, createTestEngine, sendEvent, uniqueId } from "../../../test/support/engine.ts";
import { invoice } from "../../../test/flows/stripe-objects.ts";
import { connect, type Database } from "../../db/database.ts";
import type { Tallystick } from "../../index.ts";

let tally: Tallystick;
let sql: Database;
let databaseUrl: string;
let userId: string;

beforeAll(async () => {
  ({ tally, databaseUrl } = await createTestEngine());
  sql = connect(databaseUrl);
  return async () => {
    await tally.close();
    await sql.close();
  };
});

beforeEach(async () => {
  userId = uniqueId("user");
  await grant(100);
});

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers,
});

async function grant(amount: number): Promise<void> {
  const response = await callApi(tally, `/accounts/${userId}/grants`, post({ amount, type: "purchase_package" }));
  expect(response.status).toBe(200);
}

async function everything(): Promise<unknown> {
  return sql.query(
    `select (select count(*) from tallystick.user_credit) as accounts, (select sum(current_credits)::bigint from tallystick.user_credit) as credits,
       (select count(*) from tallystick.credit_transaction) as entries, (select count(*) from tallystick.task) as tasks`,
  );
}

/** Status and code of an error, which has the documented shape or is none. */
async function refusalOf(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { error?: { code?: unknown; message?: unknown } };
  const { code, message } = body.error ?? {};
  const isShaped = Object.keys(body).length === 1 && typeof message === "string" && message.trim() !== "";
  const isJson = response.headers.get("content-type")?.includes("application/json") === true;
  return [response.status, isShaped && isJson ? String(code) : `another shape: ${JSON.stringify(body)}`];
}

const injection = "'; drop table tallystick.user_credit; --";

describe("bad input", () => {
  it.each<[string, unknown]>([
    ["an amount of 0", { amount: 0 }],
    ["an amount of -1", { amount: -1 }],
    ["an amount of 0.5", { amount: 0.5 }],
    ["an amount of 1e308", '{"amount":1e308}'],
    ["an amount beyond 1e308", '{"amount":1e999}'],
    ["an amount beyond the safe integers", { amount: 2 ** 53 }],
    ["an amount as text", { amount: "10" }],
    ["an amount of null", { amount: null }],
    ["an amount in a list", { amount: [10] }],
    ["no amount", {}],
    ["an unknown field", { amount: 10, amuont: 20 }],
    ["another user in the body", { amount: 10, userId: "somebody-else" }],
    ["a prototype", '{"amount":10,"__proto__":{"amount":1}}'],
    ["an empty description", { amount: 10, description: "" }],
    ["a description that is too long", { amount: 10, description: "x".repeat(1001) }],
    ["a description with U+0000", { amount: 10, description: "a\0b" }],
    ["SQL in the amount", { amount: injection }],
    ["malformed JSON", '{"amount":10'],
    ["an empty body", ""],
    ["a JSON array", "[10]"],
    ["a JSON number", "10"],
    ["null", "null"],
  ])("%s is 400 for consume and for grants, and changes nothing", async (_, body) => {
    const before = await everything();
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/consume`, post(body)))).toEqual([
      400,
      "invalid_request",
    ]);
    const asGrant =
      typeof body === "object"
        ? { type: "purchase_package", ...body }
        : (body as string).replace(/^\{/, '{"type":"purchase_package",');
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/grants`, post(asGrant)))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await everything()).toEqual(before);
  });

  it.each<[string, Record<string, unknown>]>([
    ["a type that the ledger writes itself", { type: "usage" }],
    ["an unknown type", { type: injection }],
    ["no type", { type: undefined }],
    ["an expiry that is no time", { expiresAt: "tomorrow" }],
    ["an expiry as a number", { expiresAt: 1_700_000_000 }],
    ["an expiry without a zone", { expiresAt: "2030-01-01T00:00:00" }],
    ["an expiry in the past", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["a priority of -1", { priority: -1 }],
    ["a priority of 1001", { priority: 1001 }],
    ["a priority of 0.5", { priority: 0.5 }],
  ])("%s is 400 for grants, and changes nothing", async (_, part) => {
    const before = await everything();
    const body = { amount: 10, type: "purchase_package", ...part };
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/grants`, post(body)))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await everything()).toEqual(before);
  });

  it("of the wrong content type is 400", async () => {
    const before = await everything();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const request = new Request(`http://localhost/api/v1/accounts/${userId}/consume`, {
        method: "POST",
        body: '{"amount":10}',
        headers: { authorization: `Bearer ${API_KEY}`, "content-type": type },
      });
      expect(await refusalOf(await tally.handlers.api(request))).toEqual([400, "invalid_request"]);
    }
    expect(await everything()).toEqual(before);
  });

  it("of more than 64 KiB is 413, with and without a declared length", async () => {
    const before = await everything();
    const large = JSON.stringify({ amount: 10, description: "x".repeat(65 * 1024) });
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/consume`, post(large)))).toEqual([
      413,
      "payload_too_large",
    ]);
    expect(
      await refusalOf(
        await callApi(tally, `/accounts/${userId}/consume`, post(large, { "content-length": String(large.length) })),
      ),
    ).toEqual([413, "payload_too_large"]);
    expect(await everything()).toEqual(before);
  });

  it("in an idempotency key is 400", async () => {
    const before = await everything();
    const response = await callApi(
      tally,
      `/accounts/${userId}/consume`,
      post({ amount: 1 }, { "idempotency-key": "k".repeat(256) }),
    );
    expect(await refusalOf(response)).toEqual([400, "invalid_request"]);
    expect(await everything()).toEqual(before);
  });

  it.each([
    ["an empty user id", "/accounts//consume", 404, "not_found"],
    ["a user id that is too long", `/accounts/${"u".repeat(256)}/consume`, 400, "invalid_request"],
    ["a user id with U+0000", "/accounts/a%00b/consume", 400, "invalid_request"],
    ["a unit in capitals", "/accounts/ada/consume?unit=CREDIT", 400, "invalid_request"],
    ["SQL in the unit", `/accounts/ada/consume?unit=${encodeURIComponent(injection)}`, 400, "invalid_request"],
  ])("%s in the path is refused", async (_, path, status, code) => {
    const before = await everything();
    expect(await refusalOf(await callApi(tally, path, post({ amount: 10 })))).toEqual([status, code]);
    expect(await everything()).toEqual(before);
  });

  it.each([
    "limit=0",
    "limit=101",
    "limit=1.5",
    "limit=ten",
    "limit=",
    "cursor=abc",
    "cursor=-1",
    "cursor=1'--",
    `cursor=${"9".repeat(16)}`,
    "status=lost",
  ])("the page %s is 400", async (query) => {
    const paths = query.startsWith("status")
      ? ["/events", "/tasks"]
      : ["/events", "/tasks", `/accounts/${userId}/transactions`];
    for (const path of paths) {
      expect(await refusalOf(await callApi(tally, `${path}?${query}`))).toEqual([400, "invalid_request"]);
    }
  });
});

describe("SQL and other oddities in free text", () => {
  it("are stored as the text they are", async () => {
    const odd = encodeURIComponent(injection);
    const texts = { description: injection, "idempotency-key": injection };
    const granted = await callApi(
      tally,
      `/accounts/${odd}/grants`,
      post(
        { amount: 10, type: "adjustment", description: texts.description },
        { "idempotency-key": texts["idempotency-key"] },
      ),
    );
    expect(granted.status).toBe(200);
    const consumed = await callApi(
      tally,
      `/accounts/${odd}/consume`,
      post({ amount: 3, description: "${1+1} {{7*7}} \u{1f600}", feature: injection }),
    );
    expect(consumed.status).toBe(200);
    const account = await callApi(tally, `/accounts/${odd}`);
    expect(await account.json()).toMatchObject({ userId: injection, balance: 7, lots: [{ remaining: 7 }] });
    const page = (await (await callApi(tally, `/accounts/${odd}/transactions`)).json()) as {
      items: { description: string }[];
    };
    expect(page.items.map(({ description }) => description)).toEqual(["${1+1} {{7*7}} \u{1f600}", injection]);
  });
});

describe("what is not there", () => {
  it.each([
    ["GET", "/nothing"],
    ["GET", "/"],
    ["DELETE", "/accounts/ada"],
    ["PUT", "/accounts/ada/grants"],
    ["GET", "/accounts/ada/consume"],
    ["GET", "/tasks/999999"],
    ["GET", "/tasks/abc"],
    ["POST", "/tasks/999999/replay"],
    ["POST", "/tasks/1;drop/replay"],
    ["POST", "/events/999999/replay"],
    ["POST", "/events/evt_nothing/replay"],
    ["POST", `/events/${encodeURIComponent(injection)}/replay`],
  ])("%s %s is 404", async (method, path) => {
    expect(await refusalOf(await callApi(tally, path, { method }))).toEqual([404, "not_found"]);
  });

  it("an unknown account reads as zeros, and consuming from it is 402 and creates nothing", async () => {
    const before = await everything();
    expect(await (await callApi(tally, "/accounts/nobody")).json()).toEqual({
      userId: "nobody",
      unit: "credit",
      balance: 0,
      available: 0,
      held: 0,
      debt: 0,
      lots: [],
    });
    expect(await (await callApi(tally, "/accounts/nobody/transactions")).json()).toEqual({
      items: [],
      nextCursor: null,
    });
    expect(await refusalOf(await callApi(tally, "/accounts/nobody/consume", post({ amount: 1 })))).toEqual([
      402,
      "insufficient_credits",
    ]);
    expect(await everything()).toEqual(before);
  });
});

describe("the key", () => {
  const paths: [string, string][] = [
    ["GET", "/accounts/ada"],
    ["POST", "/accounts/ada/grants"],
    ["POST", "/accounts/ada/consume"],
    ["GET", "/accounts/ada/transactions"],
    ["GET", "/events"],
    ["POST", "/events/1/replay"],
    ["GET", "/tasks"],
    ["GET", "/tasks/1"],
    ["POST", "/tasks/1/replay"],
    ["GET", "/audit"],
    ["GET", "/nothing"],
  ];

  it.each(paths)("is needed for %s %s, before anything else is looked at", async (method, path) => {
    const before = await everything();
    for (const authorization of [
      "Bearer wrong",
      "Bearer undefined",
      "Basic Og==",
      `Basic ${btoa("root:wrong")}`,
      `Bearer ${API_KEY} `.repeat(2),
    ]) {
      const init = { method, headers: { authorization }, ...(method === "POST" && { body: "not even JSON" }) };
      expect(await refusalOf(await callApi(tally, path, init))).toEqual([401, "unauthorized"]);
    }
    const without = new Request(`http://localhost/api/v1${path}`, { method });
    expect(await refusalOf(await tally.handlers.api(without))).toEqual([401, "unauthorized"]);
    expect(await everything()).toEqual(before);
  });

  it("does not exist while none is configured: every route is 401", async () => {
    for (const auth of [undefined, { apiKeys: [] }, { apiKeys: [""] }]) {
      const { tally: closed } = await setUp({ auth, database: databaseUrl });
      for (const [method, path] of paths) {
        for (const authorization of ["Bearer undefined", "Bearer ", "Basic Og==", `Basic ${btoa("api:")}`]) {
          expect(await refusalOf(await callApi(closed, path, { method, headers: { authorization } }))).toEqual([
            401,
            "unauthorized",
          ]);
        }
      }
    }
  });

  it("opens as Bearer and, for tools that only speak Basic, as a password", async () => {
    for (const authorization of [`Bearer ${API_KEY}`, `bearer ${API_KEY}`, `Basic ${btoa(`api:${API_KEY}`)}`]) {
      const response = await callApi(tally, "/audit", { headers: { authorization } });
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("consume", () => {
  it("fifty times at once from 100 credits, 10 each: ten succeed, forty are 402, nothing is left", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => callApi(tally, `/accounts/${userId}/consume`, post({ amount: 10 }))),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 402)).toHaveLength(40);
    expect(await (await callApi(tally, `/accounts/${userId}`)).json()).toMatchObject({
      balance: 0,
      available: 0,
      lots: [],
    });
    expect(await (await callApi(tally, "/audit")).json()).toMatchObject({ ok: true, violations: [] });
  });

  it("fifty times at once under one key spends once, and answers fifty times the same", async () => {
    const init = post({ amount: 10, description: "one intent" }, { "idempotency-key": uniqueId("key") });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => callApi(tally, `/accounts/${userId}/consume`, init)),
    );
    const bodies = await Promise.all(answers.map(async (answer) => answer.text()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(bodies).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get("idempotent-replayed") === null)).toHaveLength(1);
    expect(await (await callApi(tally, `/accounts/${userId}`)).json()).toMatchObject({ balance: 90 });
    const conflict = await callApi(tally, `/accounts/${userId}/consume`, {
      ...init,
      body: JSON.stringify({ amount: 11 }),
    });
    expect(await refusalOf(conflict)).toEqual([409, "idempotency_conflict"]);
  });

  it("refused for too few credits leaves its key free for when there are enough", async () => {
    const init = post({ amount: 150 }, { "idempotency-key": uniqueId("key") });
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/consume`, init))).toEqual([
      402,
      "insufficient_credits",
    ]);
    await grant(100);
    expect((await callApi(tally, `/accounts/${userId}/consume`, init)).status).toBe(200);
  });
});

describe("events and tasks", () => {
  it("are listed by status, shown with their attempts, and replayed by our id or the provider's", async () => {
    const id = uniqueId("evt");
    await sendEvent(tally, {
      type: "invoice.paid",
      id,
      object: invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }),
    });
    const pending = (await (await callApi(tally, "/events?status=pending")).json()) as {
      items: { id: string; taskId: string }[];
    };
    expect(pending.items).toMatchObject([{ eventId: id, type: "invoice.paid", provider: "stripe" }]);
    await tally.drain();
    const [event] = pending.items;
    const shown = await callApi(tally, `/tasks/${event?.taskId}`);
    expect(await shown.json()).toMatchObject({
      status: "done",
      attempts: 1,
      lastError: null,
      history: [{ attempt: 1, outcome: "done" }],
    });
    for (const path of [`/events/${id}/replay`, `/events/${event?.id}/replay`, `/tasks/${event?.taskId}/replay`]) {
      const response = await callApi(tally, path, { method: "POST" });
      expect([response.status, await response.json()]).toMatchObject([200, { status: "pending" }]);
      await tally.drain();
    }
    expect(await (await callApi(tally, `/accounts/${userId}`)).json()).toMatchObject({ balance: 1100 });
    const dead = await callApi(tally, "/tasks?status=dead&limit=1");
    expect(await dead.json()).toEqual({ items: [], nextCursor: null });
  });
});

describe("a database that is away", () => {
  it("is 503 in the API's shape, with a hint when to come back and no secret", async () => {
    const { tally: away } = await setUp({ database: "postgres://user:hunter2@127.0.0.1:9/none" });
    for (const [path, init] of [
      ["/accounts/ada", {}],
      ["/accounts/ada/consume", post({ amount: 1 })],
      ["/audit", {}],
    ] as const) {
      const response = await callApi(away, path, init);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await response.clone().text()).not.toContain("hunter2");
      expect(await refusalOf(response)).toEqual([503, "storage_unavailable"]);
    }
  });

  it("is 503 while an account is locked for too long, and nothing was changed", async () => {
    await sql.transaction(async (tx) => {
      await tx.query("select 1 from tallystick.user_credit where user_id = $1 for update", [userId]);
      expect(await refusalOf(await callApi(tally, `/accounts/${userId}/consume`, post({ amount: 1 })))).toEqual([
        503,
        "lock_timeout",
      ]);
    });
    expect(await (await callApi(tally, `/accounts/${userId}`)).json()).toMatchObject({ balance: 100 });
  });
});
