// What the REST API refuses of its input and how; that a refusal changes nothing; and that odd text is just text.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { injection, ledgerCounts, post, refusalOf } from "../../../test/flows/api.ts";
import { API_KEY, callApi, createTestEngine, uniqueId } from "../../../test/support/engine.ts";
import { connect, type Database } from "../../db/database.ts";
import type { Tallystick } from "../../index.ts";

let tally: Tallystick;
let sql: Database;
let userId: string;

beforeAll(async () => {
  const engine = await createTestEngine();
  tally = engine.tally;
  sql = connect(engine.databaseUrl);
  return async () => {
    await tally.close();
    await sql.close();
  };
});

beforeEach(async () => {
  userId = uniqueId("user");
  await tally.credits.grant({ userId, amount: 100, type: "purchase_package" });
});

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
    const before = await ledgerCounts(sql);
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
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it.each<[string, string, string, unknown]>([
    ["a hold of 0", "POST", "holds", { amount: 0 }],
    ["a hold of no time", "POST", "holds", { amount: 1, expiresInSeconds: 0 }],
    ["a hold of more than 30 days", "POST", "holds", { amount: 1, expiresInSeconds: 2_592_001 }],
    ["a hold for half a second", "POST", "holds", { amount: 1, expiresInSeconds: 0.5 }],
    ["a hold without a body", "POST", "holds", ""],
    ["a refund of no key", "POST", "refunds", { amount: 1 }],
    ["a refund of -1", "POST", "refunds", { debitKey: "k", amount: -1 }],
    ["a refund with negative grace", "POST", "refunds", { debitKey: "k", graceHours: -1 }],
    ["an adjustment of 0", "POST", "adjustments", { amount: 0 }],
    ["an adjustment of -2^53", "POST", "adjustments", { amount: -(2 ** 53) }],
    ["an adjustment of 0.5", "POST", "adjustments", { amount: -0.5 }],
    [
      "an adjustment that takes off and expires",
      "POST",
      "adjustments",
      { amount: -1, expiresAt: "2100-01-01T00:00:00Z" },
    ],
    ["an adjustment with another actor", "POST", "adjustments", { amount: 1, actor: "somebody" }],
    ["a freeze without a reason", "POST", "freeze", {}],
    ["a freeze with an empty reason", "POST", "freeze", { reason: "" }],
    ["an unfreeze without a body", "POST", "unfreeze", ""],
    ["a merge into nobody", "POST", "merge", { reason: "same person" }],
    ["a limit of -1", "PUT", "limits", { period: "day", amount: -1 }],
    ["a limit of null", "PUT", "limits", { period: "day", amount: null }],
    ["a limit of a year", "PUT", "limits", { period: "year", amount: 1 }],
    ["a limit in no time zone", "PUT", "limits", { period: "day", amount: 1, timeZone: "Mars/Olympus" }],
    ["a limit removed without its period", "DELETE", "limits", undefined],
    ["a grant with an empty scope", "POST", "grants", { amount: 1, type: "adjustment", scope: [] }],
    ["a grant with no time to begin", "POST", "grants", { amount: 1, type: "adjustment", effectiveAt: "soon" }],
  ])("%s is 400, and changes nothing", async (_, method, path, body) => {
    const before = await ledgerCounts(sql);
    const init = body === undefined ? { method } : { ...post(body), method };
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/${path}`, init))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it("in a body that may be absent is 400, and never read as an absent one", async () => {
    const { id } = await tally.credits.hold({ userId, amount: 5 });
    const { transactionId } = await tally.credits.consume({ userId, amount: 5 });
    const paths = [`/holds/${id}/capture`, `/transactions/${transactionId}/refund`];
    for (const path of paths) {
      for (const body of ['{"amount":0}', '{"amount":1', "[]", "null", '{"amout":1}', " "]) {
        expect(await refusalOf(await callApi(tally, path, post(body)))).toEqual([400, "invalid_request"]);
      }
      for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
        const request = new Request(`http://localhost/api/v1${path}`, {
          method: "POST",
          body: '{"amount":1}',
          headers: { authorization: `Bearer ${API_KEY}`, "content-type": type },
        });
        expect(await refusalOf(await tally.handlers.api(request))).toEqual([400, "invalid_request"]);
      }
    }
    expect(await tally.credits.getHold({ holdId: id })).toMatchObject({ status: "open" });
    expect(await tally.credits.balance({ userId })).toMatchObject({ balance: 95, held: 5 });
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
    const before = await ledgerCounts(sql);
    const body = { amount: 10, type: "purchase_package", ...part };
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/grants`, post(body)))).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it("of the wrong content type is 400", async () => {
    const before = await ledgerCounts(sql);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const request = new Request(`http://localhost/api/v1/accounts/${userId}/consume`, {
        method: "POST",
        body: '{"amount":10}',
        headers: { authorization: `Bearer ${API_KEY}`, "content-type": type },
      });
      expect(await refusalOf(await tally.handlers.api(request))).toEqual([400, "invalid_request"]);
    }
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it("of more than 64 KiB is 413, with and without a declared length", async () => {
    const before = await ledgerCounts(sql);
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
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it("in an idempotency key is 400", async () => {
    const before = await ledgerCounts(sql);
    const response = await callApi(
      tally,
      `/accounts/${userId}/consume`,
      post({ amount: 1 }, { "idempotency-key": "k".repeat(256) }),
    );
    expect(await refusalOf(response)).toEqual([400, "invalid_request"]);
    expect(await ledgerCounts(sql)).toEqual(before);
  });

  it.each([
    ["an empty user id", "/accounts//consume", 404, "not_found"],
    ["a user id that is too long", `/accounts/${"u".repeat(256)}/consume`, 400, "invalid_request"],
    ["a user id with U+0000", "/accounts/a%00b/consume", 400, "invalid_request"],
    ["a unit in capitals", "/accounts/ada/consume?unit=CREDIT", 400, "invalid_request"],
    ["SQL in the unit", `/accounts/ada/consume?unit=${encodeURIComponent(injection)}`, 400, "invalid_request"],
  ])("%s in the path is refused", async (_, path, status, code) => {
    const before = await ledgerCounts(sql);
    expect(await refusalOf(await callApi(tally, path, post({ amount: 10 })))).toEqual([status, code]);
    expect(await ledgerCounts(sql)).toEqual(before);
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
