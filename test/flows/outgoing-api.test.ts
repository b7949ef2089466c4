// Endpoints and deliveries over REST.
import { describe, expect, it } from "vitest";
import { callApi } from "../support/engine.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { post, refusalOf } from "./api.ts";
import { setUp } from "./setup.ts";

type Json = Record<string, unknown>;
const moment = expect.stringMatching(/^\d{4}-.*Z$/) as string;

describe("over REST", () => {
  it("an endpoint is added, read, changed, rolled, disabled, enabled and removed; its secret is answered twice, when made", async () => {
    const { tally } = await setUp({ endpoints: { allowPrivateHosts: true } });
    const call = async (path: string, init?: RequestInit): Promise<Json> =>
      (await (await callApi(tally, path, init)).json()) as Json;
    const { secret, ...added } = await call("/endpoints", post({ url: "http://127.0.0.1:9/x", types: ["task.dead"] }));
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const endpoint = {
      id: added["id"],
      url: "http://127.0.0.1:9/x",
      description: null,
      types: ["task.dead"],
      userId: null,
      status: "enabled",
      disabledReason: null,
      failingSince: null,
      previousSecretUntil: null,
      pending: 0,
      actor: "api",
      createdAt: moment,
      updatedAt: moment,
    };
    expect(added).toEqual(endpoint);
    const at = `/endpoints/${String(added["id"])}`;
    expect(await call(at)).toEqual(endpoint);
    expect(await call("/endpoints")).toEqual({ items: [endpoint] });
    expect(await call("/endpoints?userId=ann")).toEqual({ items: [] });
    const patch = { ...post({ types: null, description: "ours" }), method: "PATCH" };
    expect(await call(at, patch)).toEqual({ ...endpoint, types: null, description: "ours" });
    const rolled = await call(`${at}/roll-secret`, { method: "POST" });
    expect(rolled).toMatchObject({ previousSecretUntil: moment, secret: expect.stringMatching(/^whsec_/) });
    expect(rolled["secret"]).not.toBe(secret);
    expect(await call(`${at}/disable`, { method: "POST" })).toMatchObject({
      status: "disabled",
      disabledReason: "manual",
    });
    expect(await call(`${at}/enable`, { method: "POST" })).toMatchObject({ status: "enabled", disabledReason: null });
    expect(await call(at, { method: "DELETE" })).toEqual({ id: added["id"] });
    expect(await refusalOf(await callApi(tally, at))).toEqual([404, "not_found"]);
  });

  it("what is not valid is refused", async () => {
    const { tally } = await setUp();
    for (const body of [
      {},
      { url: "http://example.com/" },
      { url: "https://169.254.169.254/" },
      { url: "https://example.com/", types: ["x"] },
      { url: "https://example.com/", secret: "whsec_mine" },
    ]) {
      expect(await refusalOf(await callApi(tally, "/endpoints", post(body)))).toEqual([400, "invalid_request"]);
    }
    for (const [path, init] of [
      ["/endpoints/7", {}],
      ["/endpoints/x", {}],
      ["/endpoints/7", { method: "DELETE" }],
      ["/endpoints/7/roll-secret", post({})],
      ["/endpoints/7/enable", { method: "POST" }],
      ["/endpoints/7/deliveries", {}],
      ["/endpoints/7/replay", post({ since: "2026-01-01T00:00:00Z" })],
      ["/deliveries/7", {}],
      ["/deliveries/7/replay", { method: "POST" }],
    ] as const) {
      expect([path, ...(await refusalOf(await callApi(tally, path, init)))]).toEqual([path, 404, "not_found"]);
    }
  });

  it("deliveries are listed with their attempts, and sent again one by one and since a time", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally } = await setUp({ endpoints: { allowPrivateHosts: true } });
    const { id, secret } = await tally.endpoints.add({ url: receiver.url, types: ["credits.granted"] });
    receiver.secret = secret;
    await tally.credits.grant({ userId: "ann", amount: 5, type: "register_gift" });
    await tally.credits.grant({ userId: "ann", amount: 6, type: "register_gift" });
    await tally.drain();
    const call = async (path: string, init?: RequestInit): Promise<Json> =>
      (await (await callApi(tally, path, init)).json()) as Json;
    const first = await call(`/endpoints/${id}/deliveries?limit=1&status=delivered`);
    const [newest] = first["items"] as Json[];
    expect(newest).toEqual({
      id: expect.any(String),
      endpointId: id,
      webhookId: receiver.received[1]?.id,
      type: "credits.granted",
      status: "delivered",
      attempts: 1,
      lastStatusCode: 204,
      lastError: null,
      taskId: expect.any(String),
      occurredAt: moment,
      createdAt: moment,
      finishedAt: moment,
    });
    const second = await call(`/endpoints/${id}/deliveries?limit=1&cursor=${String(first["nextCursor"])}`);
    expect(second).toMatchObject({ items: [{ webhookId: receiver.received[0]?.id }], nextCursor: null });
    const delivery = String(newest?.["id"]);
    expect(await call(`/deliveries/${delivery}`)).toEqual({
      ...newest,
      data: receiver.received[1]?.data,
      history: [{ at: moment, statusCode: 204, error: null, durationMs: expect.any(Number) }],
    });
    expect(await call(`/deliveries/${delivery}/replay`, { method: "POST" })).toEqual({
      id: delivery,
      status: "pending",
    });
    await tally.drain();
    expect(receiver.received.map(({ data }) => data["amount"])).toEqual([5, 6, 6]);
    const replay = `/endpoints/${id}/replay`;
    expect(await call(replay, post({ since: "2026-01-01T00:00:00Z" }))).toEqual({ replayed: 0 });
    expect(await call(replay, post({ since: "2026-01-01T00:00:00Z", all: true }))).toEqual({ replayed: 2 });
    await tally.drain();
    expect(receiver.received.map(({ data }) => data["amount"])).toEqual([5, 6, 6, 5, 6]);
  });
});
