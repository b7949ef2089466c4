// The REST API: its key, what is not there, consumption under concurrency, replays, and a database that is away.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { injection, ledgerCounts, post, refusalOf } from "../../../test/flows/api.ts";
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

async function grant(amount: number): Promise<void> {
  const response = await callApi(tally, `/accounts/${userId}/grants`, post({ amount, type: "purchase_package" }));
  expect(response.status).toBe(200);
}

describe("what is not there", () => {
  it.each([
    ["GET", "/nothing"],
    ["GET", "/"],
    ["PUT", "/accounts/ada"],
    ["PUT", "/accounts/ada/grants"],
    ["POST", "/accounts/ada/export"],
    ["GET", "/holds/999999"],
    ["GET", "/holds/abc"],
    ["POST", "/holds/999999/capture"],
    ["POST", "/holds/999999/void"],
    ["POST", `/holds/${encodeURIComponent(injection)}/void`],
    ["POST", "/transactions/999999/refund"],
    ["POST", "/transactions/abc/refund"],
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
    const before = await ledgerCounts(sql);
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
    expect(await ledgerCounts(sql)).toEqual(before);
  });
});

describe("the key", () => {
  const paths: [string, string][] = [
    ["GET", "/accounts/ada"],
    ["POST", "/accounts/ada/grants"],
    ["POST", "/accounts/ada/consume"],
    ["POST", "/consume-batch"],
    ["GET", "/accounts/ada/transactions"],
    ["DELETE", "/accounts/ada"],
    ["GET", "/accounts/ada/export"],
    ["POST", "/accounts/ada/holds"],
    ["POST", "/holds/1/capture"],
    ["POST", "/transactions/1/refund"],
    ["POST", "/accounts/ada/adjustments"],
    ["POST", "/accounts/ada/merge"],
    ["PUT", "/accounts/ada/limits"],
    ["POST", "/payments/1/returns"],
    ["GET", "/events"],
    ["POST", "/events/1/replay"],
    ["GET", "/tasks"],
    ["GET", "/tasks/1"],
    ["POST", "/tasks/1/replay"],
    ["GET", "/audit"],
    ["GET", "/nothing"],
  ];

  it.each(paths)("is needed for %s %s, before anything else is looked at", async (method, path) => {
    const before = await ledgerCounts(sql);
    for (const authorization of [
      "Bearer wrong",
      "Bearer undefined",
      "Basic Og==",
      `Basic ${btoa("root:wrong")}`,
      `Bearer ${API_KEY} `.repeat(2),
    ]) {
      const init = {
        method,
        headers: { authorization },
        ...((method === "POST" || method === "PUT") && { body: "not even JSON" }),
      };
      expect(await refusalOf(await callApi(tally, path, init))).toEqual([401, "unauthorized"]);
    }
    const without = new Request(`http://localhost/api/v1${path}`, { method });
    expect(await refusalOf(await tally.handlers.api(without))).toEqual([401, "unauthorized"]);
    expect(await ledgerCounts(sql)).toEqual(before);
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
