// The ledger's operations over REST: what each answers, that a key has one effect, and the status of each refusal.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { post, refusalOf } from "../../../test/flows/api.ts";
import { callApi, checkoutSession, createTestEngine, sendEvent, uniqueId } from "../../../test/support/engine.ts";
import { connect, type Database } from "../../db/database.ts";
import type { Tallystick } from "../../index.ts";

let tally: Tallystick;
let sql: Database;
let userId: string;
const anyTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
const anyId = expect.stringMatching(/^\d+$/) as string;

beforeAll(async () => {
  const engine = await createTestEngine();
  tally = engine.tally;
  sql = connect(engine.databaseUrl);
  return async () => {
    await tally.close();
    await sql.close();
  };
});

afterEach(async () => {
  const { violations } = await tally.credits.audit();
  if (violations.length > 0) throw new Error(`the audit finds ${JSON.stringify(violations)}`);
});

beforeEach(async () => {
  userId = uniqueId("user");
  await tally.credits.grant({ userId, amount: 100, type: "purchase_package" });
});

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: Record<string, unknown>;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await callApi(tally, path, init);
  const replayed = response.headers.get("idempotent-replayed") === "true";
  return { status: response.status, replayed, body: (await response.json()) as Record<string, unknown> };
}

const hold = async (amount: number): Promise<string> =>
  String((await call(`/accounts/${userId}/holds`, post({ amount, expiresInSeconds: 60 }))).body["id"]);

describe("holds", () => {
  it("are made, read, captured in part, and once for their keys", async () => {
    const asked = post({ amount: 40, expiresInSeconds: 60, feature: "video" }, { "idempotency-key": "h" });
    const held = await call(`/accounts/${userId}/holds`, asked);
    expect(held).toEqual({
      status: 200,
      replayed: false,
      body: { id: anyId, amount: 40, captured: 0, status: "open", expiresAt: anyTime, balance: 100, available: 60 },
    });
    expect(await call(`/accounts/${userId}/holds`, asked)).toEqual({ ...held, replayed: true });
    const id = String(held.body["id"]);
    const captured = await call(`/holds/${id}/capture`, post({ amount: 25 }, { "idempotency-key": "c" }));
    expect(captured).toMatchObject({
      status: 200,
      replayed: false,
      body: { id, amount: 40, captured: 25, status: "captured", transactionId: anyId, balance: 75, available: 75 },
    });
    expect(captured.body["allocations"]).toMatchObject([{ lotId: anyId, amount: 25 }]);
    expect(await call(`/holds/${id}/capture`, post({ amount: 25 }, { "idempotency-key": "c" }))).toEqual({
      ...captured,
      replayed: true,
    });
    expect((await call(`/holds/${id}`)).body).toEqual({
      id,
      amount: 40,
      captured: 25,
      status: "captured",
      expiresAt: held.body["expiresAt"],
      userId,
      unit: "credit",
      transactionId: captured.body["transactionId"],
    });
  });

  it("are captured whole by a request without a body, with or without a content type", async () => {
    for (const init of [{ method: "POST" }, post(""), post("{}")]) {
      const captured = await call(`/holds/${await hold(10)}/capture`, init);
      expect(captured).toMatchObject({ status: 200, body: { captured: 10, status: "captured" } });
    }
    expect((await call(`/accounts/${userId}`)).body).toMatchObject({ balance: 70, held: 0 });
  });

  it("are given back by a void, and settled only once: 422 afterwards", async () => {
    const id = await hold(30);
    const voided = await call(`/holds/${id}/void`, post("", { "idempotency-key": "v" }));
    expect(voided).toMatchObject({ status: 200, body: { status: "voided", captured: 0, available: 100 } });
    expect(await call(`/holds/${id}/void`, post("", { "idempotency-key": "v" }))).toEqual({
      ...voided,
      replayed: true,
    });
    for (const settlement of ["void", "capture"]) {
      const again = await callApi(tally, `/holds/${id}/${settlement}`, { method: "POST" });
      expect(await refusalOf(again)).toEqual([422, "invalid_state"]);
    }
  });

  it("refuse a capture above them, or take the overage as an ordinary consume", async () => {
    const id = await hold(10);
    expect(await refusalOf(await callApi(tally, `/holds/${id}/capture`, post({ amount: 11 })))).toEqual([
      422,
      "invalid_state",
    ]);
    const beyond = await callApi(tally, `/holds/${id}/capture`, post({ amount: 101, overage: "consume" }));
    expect(await refusalOf(beyond)).toEqual([402, "insufficient_credits"]);
    expect((await call(`/holds/${id}`)).body).toMatchObject({ status: "open" });
    expect(await call(`/holds/${id}/capture`, post({ amount: 15, overage: "consume" }))).toMatchObject({
      status: 200,
      body: { amount: 10, captured: 10, balance: 85, available: 85 },
    });
  });

  it("past their deadline read as expired, give their credits back, and are 422 to settle", async () => {
    const id = await hold(30);
    await sql.query(
      "update tallystick.credit_hold set created_at = created_at - interval '1 hour', expires_at = clock_timestamp() where id = $1",
      [id],
    );
    await sql.query("update tallystick.user_credit set next_change_at = clock_timestamp() where user_id = $1", [
      userId,
    ]);
    expect((await call(`/holds/${id}`)).body).toMatchObject({ status: "expired", captured: 0, transactionId: null });
    expect((await call(`/accounts/${userId}`)).body).toMatchObject({ available: 100, held: 0 });
    expect(await refusalOf(await callApi(tally, `/holds/${id}/capture`, post({})))).toEqual([422, "invalid_state"]);
  });

  it("above what is available are 402, also for an account that nobody has", async () => {
    for (const owner of [userId, "nobody-at-all"]) {
      const response = await callApi(tally, `/accounts/${owner}/holds`, post({ amount: 101, expiresInSeconds: 60 }));
      expect(await refusalOf(response)).toEqual([402, "insufficient_credits"]);
    }
  });
});

describe("refunds", () => {
  it("give a debit back in parts and never more than it took, once for their keys", async () => {
    const { transactionId } = await tally.credits.consume({ userId, amount: 50 });
    const path = `/transactions/${transactionId}/refund`;
    const first = await call(path, post({ amount: 20, description: "half a job" }, { "idempotency-key": "r" }));
    expect(first).toEqual({
      status: 200,
      replayed: false,
      body: { transactionId: anyId, refunded: 20, balance: 70, available: 70 },
    });
    expect(await call(path, post({ amount: 20 }, { "idempotency-key": "r" }))).toEqual({ ...first, replayed: true });
    expect(await refusalOf(await callApi(tally, path, post({ amount: 31 })))).toEqual([422, "invalid_state"]);
    expect(await call(path, { method: "POST" })).toMatchObject({ status: 200, body: { refunded: 30, balance: 100 } });
    expect(await refusalOf(await callApi(tally, path, { method: "POST" }))).toEqual([422, "invalid_state"]);
    const [entry] = await sql.query(
      "select actor, description from tallystick.credit_transaction where refund_of_id = $1 order by id limit 1",
      [transactionId],
    );
    expect(entry).toEqual({ actor: "api", description: "half a job" });
  });

  it("find the debit by its key; an unknown key is 404, and a grant is 422", async () => {
    await tally.credits.consume({ userId, amount: 50, idempotencyKey: "job-1" });
    const path = `/accounts/${userId}/refunds`;
    expect(await call(path, post({ debitKey: "job-1", amount: 5 }))).toMatchObject({
      status: 200,
      body: { refunded: 5, balance: 55 },
    });
    expect(await refusalOf(await callApi(tally, path, post({ debitKey: "job-2" })))).toEqual([404, "not_found"]);
    const { transactionId } = await tally.credits.grant({ userId, amount: 1, type: "adjustment" });
    const grant = await callApi(tally, `/transactions/${transactionId}/refund`, { method: "POST" });
    expect(await refusalOf(grant)).toEqual([422, "invalid_state"]);
  });
});

describe("adjustments", () => {
  it("add and take off with the key as the actor and the description as the reason, once for their keys", async () => {
    const path = `/accounts/${userId}/adjustments`;
    const added = await call(path, post({ amount: 20, description: "goodwill" }, { "idempotency-key": "a" }));
    expect(added).toEqual({
      status: 200,
      replayed: false,
      body: { transactionId: anyId, balance: 120, available: 120 },
    });
    expect(await call(path, post({ amount: 20 }, { "idempotency-key": "a" }))).toEqual({ ...added, replayed: true });
    expect(await call(path, post({ amount: -30 }))).toMatchObject({
      status: 200,
      body: { balance: 90, available: 90 },
    });
    expect(await refusalOf(await callApi(tally, path, post({ amount: -91 })))).toEqual([402, "insufficient_credits"]);
    const conflict = await callApi(tally, path, post({ amount: 21 }, { "idempotency-key": "a" }));
    expect(await refusalOf(conflict)).toEqual([409, "idempotency_conflict"]);
    expect(
      await sql.query(
        `select entry.amount, entry.actor, entry.description from tallystick.credit_transaction entry
         join tallystick.user_credit account on account.id = entry.account_id
         where user_id = $1 and type = 'adjustment' order by entry.id`,
        [userId],
      ),
    ).toEqual([
      { amount: 20, actor: "api", description: "goodwill" },
      { amount: -30, actor: "api", description: "api" },
    ]);
  });
});

describe("grants and consumption", () => {
  it("know scopes, times to begin and members", async () => {
    await call(
      `/accounts/${userId}/grants`,
      post({ amount: 10, type: "adjustment", scope: ["video"], expiresAt: "2100-01-01T00:00:00Z" }),
    );
    await call(
      `/accounts/${userId}/grants`,
      post({ amount: 7, type: "adjustment", effectiveAt: "2100-01-01T00:00:00Z" }),
    );
    expect((await call(`/accounts/${userId}`)).body).toMatchObject({ balance: 110 });
    expect(await refusalOf(await callApi(tally, `/accounts/${userId}/consume`, post({ amount: 101 })))).toEqual([
      402,
      "insufficient_credits",
    ]);
    const consumed = await call(`/accounts/${userId}/consume`, post({ amount: 101, feature: "video", member: "eve" }));
    expect(consumed).toMatchObject({ status: 200, body: { balance: 9 } });
    const [entry] = await sql.query("select feature, member from tallystick.credit_transaction where id = $1", [
      consumed.body["transactionId"],
    ]);
    expect(entry).toEqual({ feature: "video", member: "eve" });
  });
});

describe("accounts", () => {
  it("that are frozen can't spend, 422, until they are unfrozen; both are repeatable", async () => {
    for (const _ of [1, 2]) {
      expect(await call(`/accounts/${userId}/freeze`, post({ reason: "chargebacks" }))).toMatchObject({
        status: 200,
        body: { userId, unit: "credit", frozen: true },
      });
    }
    for (const [path, body] of [
      ["consume", { amount: 1 }],
      ["holds", { amount: 1, expiresInSeconds: 60 }],
    ] as const) {
      expect(await refusalOf(await callApi(tally, `/accounts/${userId}/${path}`, post(body)))).toEqual([
        422,
        "account_frozen",
      ]);
    }
    expect(await call(`/accounts/${userId}/unfreeze`, post({ reason: "cleared" }))).toMatchObject({
      body: { frozen: false },
    });
    expect(await call(`/accounts/${userId}/consume`, post({ amount: 1 }))).toMatchObject({ status: 200 });
  });

  it("are merged with what they have, and the old id acts on the new one; open holds are 422", async () => {
    const target = uniqueId("target");
    const held = await hold(10);
    const path = `/accounts/${userId}/merge`;
    const body = { into: target, reason: "same person" };
    expect(await refusalOf(await callApi(tally, path, post(body)))).toEqual([422, "invalid_state"]);
    await call(`/holds/${held}/void`, { method: "POST" });
    expect(await call(path, post(body))).toMatchObject({ status: 200, body: { moved: 100, debt: 0 } });
    expect(await call(path, post(body))).toMatchObject({ status: 200, body: { moved: 0, debt: 0 } });
    expect((await call(`/accounts/${userId}`)).body).toMatchObject({ balance: 100 });
    expect((await call(`/accounts/${target}`)).body).toMatchObject({ balance: 100 });
    const itself = await callApi(tally, `/accounts/${target}/merge`, post({ into: target, reason: "oops" }));
    expect(await refusalOf(itself)).toEqual([400, "invalid_request"]);
  });
});

describe("limits", () => {
  it("are set, read, changed and removed, and what would exceed them is 422", async () => {
    const path = `/accounts/${userId}/limits`;
    const put = (body: unknown): RequestInit => ({ ...post(body), method: "PUT" });
    expect(await call(path)).toMatchObject({ status: 200, body: { items: [], nextCursor: null } });
    await call(path, put({ period: "month", amount: 50, timeZone: "Asia/Shanghai" }));
    const set = await call(path, put({ period: "day", amount: 5, member: "eve" }));
    expect(set.body).toEqual({
      items: [
        {
          member: null,
          period: "month",
          amount: 50,
          spent: 0,
          timeZone: "Asia/Shanghai",
          periodStart: expect.stringMatching(/^\d{4}-\d\d-01$/) as string,
          resetsAt: anyTime,
        },
        expect.objectContaining({ member: "eve", period: "day", amount: 5 }),
      ],
      nextCursor: null,
    });
    const spend = async (body: unknown): Promise<Response> => callApi(tally, `/accounts/${userId}/consume`, post(body));
    expect(await refusalOf(await spend({ amount: 6, member: "eve" }))).toEqual([422, "spend_limit_exceeded"]);
    expect((await spend({ amount: 5, member: "eve" })).status).toBe(200);
    expect(await refusalOf(await spend({ amount: 46 }))).toEqual([422, "spend_limit_exceeded"]);
    expect((await call(path)).body["items"]).toMatchObject([{ spent: 5 }, { spent: 5 }]);
    expect((await call(`${path}?period=month`, { method: "DELETE" })).body["items"]).toMatchObject([{ member: "eve" }]);
    expect((await call(`${path}?period=day&member=eve`, { method: "DELETE" })).body["items"]).toEqual([]);
    expect((await spend({ amount: 90 })).status).toBe(200);
  });
});

describe("returns of a payment's money", () => {
  it("take credits back by what is returned, put them back by what is not, and are repeatable", async () => {
    const session = checkoutSession({ userId, priceId: "price_credits_plus" });
    await sendEvent(tally, { type: "checkout.session.completed", object: session });
    await tally.drain();
    const [payment] = await sql.query<{ id: number }>("select id from tallystick.payment where user_id = $1", [userId]);
    const path = `/payments/${payment?.id}/returns`;
    const settle = async (returned: number): Promise<Answer> => call(path, post({ paid: 999, returned }));
    expect(await settle(333)).toEqual({
      status: 200,
      replayed: false,
      body: { clawedBack: 166, reinstated: 0, forgiven: 0 },
    });
    expect((await settle(333)).body).toEqual({ clawedBack: 0, reinstated: 0, forgiven: 0 });
    expect((await settle(999)).body).toEqual({ clawedBack: 334, reinstated: 0, forgiven: 0 });
    expect((await settle(0)).body).toEqual({ clawedBack: 0, reinstated: 500, forgiven: 0 });
    for (const body of [{ paid: 999 }, { paid: -1, returned: 0 }, { paid: 1, returned: 1, policy: "hope" }]) {
      expect(await refusalOf(await callApi(tally, path, post(body)))).toEqual([400, "invalid_request"]);
    }
    expect(await refusalOf(await callApi(tally, "/payments/abc/returns", post({ paid: 1, returned: 1 })))).toEqual([
      404,
      "not_found",
    ]);
  });
});
