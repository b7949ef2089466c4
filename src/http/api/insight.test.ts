// The views over REST: each route on a real database, its parameters, and what it refuses.
import { beforeAll, describe, expect, it } from "vitest";
import { post, refusalOf } from "../../../test/flows/api.ts";
import { callApi, createTestEngine } from "../../../test/support/engine.ts";
import type { Tallystick } from "../../index.ts";

let tally: Tallystick;
let between: Date;

beforeAll(async () => {
  ({ tally } = await createTestEngine());
  await callApi(tally, "/accounts/ada/grants", post({ amount: 100, type: "purchase_package" }));
  const [first] = (await tally.credits.history({ userId: "ada" })).items;
  between = first?.createdAt ?? new Date(0);
  while (Date.now() <= between.getTime() + 1) await callApi(tally, "/accounts/nobody");
  await callApi(tally, "/accounts/ada/consume", post({ amount: 5, feature: "image", description: "=1+1" }));
  await callApi(tally, "/accounts/ada/consume", post({ amount: 7, feature: "text" }));
  return async () => tally.close();
});

async function read<Body>(path: string): Promise<Body> {
  const response = await callApi(tally, path);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as Body;
}
type Items = { items: Record<string, unknown>[]; nextCursor: string | null };

describe("an account", () => {
  it("is told as it was at a past moment", async () => {
    const at = between.toISOString();
    expect(await read(`/accounts/ada?at=${at}`)).toMatchObject({ balance: 100, available: 100, book: 100, at });
    expect(await read("/accounts/ada")).toMatchObject({ balance: 88 });
  });

  it("tells its journal filtered, in either order, page by page", async () => {
    const amounts = async (query: string): Promise<unknown[]> =>
      (await read<Items>(`/accounts/ada/transactions?${query}`)).items.map(({ amount }) => amount);
    expect(await amounts("")).toEqual([-7, -5, 100]);
    expect(await amounts("order=asc")).toEqual([100, -5, -7]);
    expect(await amounts("feature=image")).toEqual([-5]);
    expect(await amounts("type=usage,refund&sign=negative")).toEqual([-7, -5]);
    expect(await amounts(`to=${new Date(between.getTime() + 1).toISOString()}`)).toEqual([100]);
    const first = await read<Items>("/accounts/ada/transactions?limit=2");
    expect(await amounts(`limit=2&cursor=${first.nextCursor ?? ""}`)).toEqual([100]);
    expect(first.items[0]).toMatchObject({
      userId: "ada",
      balanceAfter: 88,
      feature: "text",
      metadata: null,
      member: null,
    });
  });

  it("tells its usage", async () => {
    expect(await read("/accounts/ada/usage?by=feature")).toMatchObject({
      timeZone: "UTC",
      rows: [
        { feature: "image", debited: 5, entries: 1 },
        { feature: "text", debited: 7, entries: 1 },
      ],
    });
  });
});

describe("the export", () => {
  const lines = async (query: string): Promise<string[]> => {
    const response = await callApi(tally, `/exports/transactions?${query}`);
    expect(response.status).toBe(200);
    return (await response.text()).split(/\r?\n/).slice(0, -1);
  };

  it("streams CSV as an attachment, texts made safe for spreadsheets", async () => {
    const response = await callApi(tally, "/exports/transactions?format=csv");
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="transactions.csv"');
    expect(response.headers.get("cache-control")).toBe("no-store");
    const rows = (await response.text()).split("\r\n");
    expect(rows).toHaveLength(5);
    expect(rows[2]).toMatch(/,-5,95,.*,'=1\+1,$/);
  });

  it("streams JSON Lines of one account, of a type, of a range", async () => {
    const all = (await lines("format=jsonl&userId=ada")).map((line) => JSON.parse(line) as { amount: number });
    expect(all.map(({ amount }) => amount)).toEqual([100, -5, -7]);
    expect(await lines("format=jsonl&type=usage&feature=text")).toHaveLength(1);
    expect(await lines(`format=jsonl&from=${new Date(between.getTime() + 1).toISOString()}`)).toHaveLength(2);
    expect(await lines("format=jsonl&userId=nobody")).toEqual([]);
  });
});

describe("reports", () => {
  it("answer as lists", async () => {
    const month = new Date().toISOString().slice(0, 7);
    expect(await read(`/reports/credits?from=${month}`)).toEqual({
      items: [expect.objectContaining({ month, unit: "credit", granted: 100, used: 12, outstanding: 88 })],
      nextCursor: null,
    });
    expect(await read("/reports/usage?by=feature,type")).toMatchObject({ rows: [{ debited: 5 }, { debited: 7 }] });
    for (const path of ["deferred-revenue", "expiring", "expiring-by-day"]) {
      expect(await read(`/reports/${path}`)).toEqual({ items: [], nextCursor: null });
    }
  });
});

describe("what is refused", () => {
  it.each([
    "/accounts/ada?at=yesterday",
    "/accounts/ada/transactions?cursor=7",
    "/accounts/ada/transactions?order=up",
    "/accounts/ada/transactions?type=gift",
    "/accounts/ada/transactions?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
    "/accounts/ada/transactions?paymentId=x",
    "/accounts/ada/usage?by=hour",
    "/accounts/ada/usage?timeZone=Mars",
    "/exports/transactions",
    "/exports/transactions?format=xlsx",
    "/exports/transactions?format=csv&type=gift",
    "/reports/credits?from=2026",
    "/reports/deferred-revenue?limit=101",
    "/reports/expiring?withinDays=0",
    "/reports/expiring?cursor=x",
    "/reports/expiring-by-day?timeZone=%2B02:00",
  ])("%s is 400", async (path) => {
    expect(await refusalOf(await callApi(tally, path))).toEqual([400, "invalid_request"]);
  });

  it.each(["/exports/transactions?format=csv", "/reports/credits", "/accounts/ada/usage"])(
    "%s needs the key",
    async (path) => {
      const response = await tally.handlers.api(new Request(`http://localhost/api/v1${path}`));
      expect(response.status).toBe(401);
    },
  );
});
