// What goes to QStash, and what comes from it: the service's protocol on the wire, real signatures.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { qstashKeys, signQstash, startQstash } from "../../test/driver-conformance/qstash-service.ts";
import { silentLogger } from "../kernel/logger.ts";
import type { WakeRuntime } from "../tasks/wake.ts";
import { qstash, type QstashOptions } from "./qstash.ts";

const url = "https://product.example/api/driver";
let service: Awaited<ReturnType<typeof startQstash>>;

beforeEach(async () => {
  service = await startQstash();
});
afterEach(async () => service.end());

const driverWith = (options: Partial<QstashOptions> = {}) =>
  qstash({ ...qstashKeys, url, baseUrl: service.url, timeoutMs: 1_000, ...options });

type Sent = { destination: string; headers: Record<string, string>; body: string };
const batches = (): Sent[][] => service.calls.map(({ body }) => JSON.parse(body) as Sent[]);

const drained = { processed: 2, done: 1, failed: 1, dead: 0, remaining: 0, nextRunAt: null };
function runtimeThatCounts() {
  const answer = vi.fn<WakeRuntime["answer"]>(async () => drained);
  const tick = vi.fn<() => Promise<void>>(async () => undefined);
  const wake = vi.fn<() => Promise<void>>(async () => undefined);
  return { answer, tick, wake, stop: async () => undefined, logger: silentLogger };
}

function delivery(body: string, { signed = body, key = qstashKeys.currentSigningKey, sub = url } = {}): Request {
  const headers = { "upstash-signature": signQstash(key, sub, signed) };
  // Behind a proxy the address that is called is another than the public one.
  return new Request("http://10.0.0.1:3000/api/driver", { method: "POST", headers, body });
}

it("sends a task's id and nothing else, with its delay in whole seconds, rounded up", async () => {
  await driverWith().wake([
    { taskId: "1", lane: null, delayMs: 0 },
    { taskId: "2", lane: null, delayMs: 1_001 },
  ]);
  const [[first, second] = []] = batches();
  expect(first).toEqual({
    destination: url,
    body: '{"taskId":"1"}',
    headers: {
      "content-type": "application/json",
      "upstash-method": "POST",
      "upstash-retries": "1",
      "upstash-deduplication-id": expect.stringMatching(/^1-/),
    },
  });
  expect(second?.headers["upstash-delay"]).toBe("2s");
});

it("leaves what is due later than QStash may hold it to a tick", async () => {
  await driverWith().wake([{ taskId: "1", lane: null, delayMs: 30 * 24 * 3_600_000 }]);
  expect(batches()[0]?.[0]?.headers["upstash-delay"]).toBe("604800s");
});

it("has the wakes of one lane delivered one by one, by a key that QStash takes and that tells nothing of the lane", async () => {
  const lanes = ["customer ä/1", "customer ä/1", "customer 2", null];
  await driverWith({ parallelism: 5 }).wake(lanes.map((lane, index) => ({ taskId: String(index), lane, delayMs: 0 })));
  const sent = batches()[0]?.map(({ headers }) => headers) ?? [];
  const keys = sent.map((headers) => headers["upstash-flow-control-key"]);
  expect(keys).toEqual(Array(4).fill(expect.stringMatching(/^tallystick-[0-9a-f]{64}$/)));
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(3);
  expect(sent.map((headers) => headers["upstash-flow-control-value"])).toEqual([
    ...Array(3).fill("parallelism=1"),
    "parallelism=5",
  ]);
});

it("sends 250 wakes in batches of 100 at most", async () => {
  await driverWith().wake(Array.from({ length: 250 }, (_, id) => ({ taskId: String(id), lane: null, delayMs: 0 })));
  expect(batches().map(({ length }) => length)).toEqual([100, 100, 50]);
});

it("never has the wake of a later attempt swallowed as a double", async () => {
  const driver = driverWith();
  const wake = { taskId: "1", lane: null, delayMs: 0 };
  await driver.wake([wake]);
  await driver.wake([wake]);
  const ids = batches().flatMap((batch) => batch.map(({ headers }) => headers["upstash-deduplication-id"]));
  expect(new Set(ids).size).toBe(2);
});

it("takes a batch as not taken when one of its messages was refused", async () => {
  const answers = [{ messageId: "msg_1" }, { error: "quota exceeded" }];
  const fetchOfService = vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json(answers));
  const wakes = ["1", "2"].map((taskId) => ({ taskId, lane: null, delayMs: 0 }));
  await expect(driverWith().wake(wakes)).rejects.toThrow("1 of 2 messages were refused: quota exceeded");
  fetchOfService.mockRestore();
});

it("answers a delivery within its budget, and says what was done", async () => {
  const runtime = runtimeThatCounts();
  const response = await driverWith({ answerBudgetMs: 2_000 }).receive?.(delivery('{"taskId":"1"}'), runtime);
  expect(response?.status).toBe(200);
  expect(await response?.json()).toEqual({ processed: 2, done: 1, failed: 1, dead: 0 });
  expect(runtime.answer).toHaveBeenCalledExactlyOnceWith({ budgetMs: 2_000 });
  expect(runtime.tick).not.toHaveBeenCalled();
});

it("ticks when the schedule calls, and hands on what the tick enqueued", async () => {
  const runtime = runtimeThatCounts();
  const response = await driverWith().receive?.(delivery('{"tick":true}'), runtime);
  expect(await response?.json()).toEqual({ ticked: true });
  expect(runtime.tick).toHaveBeenCalledOnce();
  expect(runtime.wake).toHaveBeenCalledOnce();
  expect(runtime.answer).not.toHaveBeenCalled();
});

it("takes the next signing key too, while keys are rotated", async () => {
  const runtime = runtimeThatCounts();
  await driverWith().receive?.(delivery("{}", { key: qstashKeys.nextSigningKey }), runtime);
  expect(runtime.answer).toHaveBeenCalledOnce();
});

it.each([
  ["an unsigned request", () => new Request(url, { method: "POST", body: "{}" })],
  ["a signature by another key", () => delivery("{}", { key: "sig_of_another" })],
  ["a signature over another body", () => delivery('{"tick":true}', { signed: "{}" })],
  ["a signature for another address", () => delivery("{}", { sub: "https://other.example/api/driver" })],
])("refuses %s and runs nothing", async (_what, request) => {
  const runtime = runtimeThatCounts();
  await expect(driverWith().receive?.(request(), runtime)).rejects.toMatchObject({ code: "invalid_signature" });
  expect(runtime.answer).not.toHaveBeenCalled();
  expect(runtime.tick).not.toHaveBeenCalled();
});

it("reads no more of a body than a wake may have, and takes no other method", async () => {
  const runtime = runtimeThatCounts();
  const long = driverWith().receive?.(delivery("x".repeat(70_000)), runtime);
  await expect(long).rejects.toMatchObject({ code: "payload_too_large" });
  expect((await driverWith().receive?.(new Request(url), runtime))?.status).toBe(405);
  expect(runtime.answer).not.toHaveBeenCalled();
});

it("makes one schedule however often it is set up", async () => {
  const driver = driverWith({ tickCron: "*/5 * * * *" });
  expect(await driver.setUp?.()).toEqual([`Schedule tallystick-tick calls ${url} at "*/5 * * * *".`]);
  await driver.setUp?.();
  const scheduled = { destination: url, cron: "*/5 * * * *", body: '{"tick":true}' };
  expect([...service.schedules]).toEqual([["tallystick-tick", expect.objectContaining(scheduled)]]);
});

it("tells of a token that QStash does not take, without the token", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  await expect(driverWith().check()).resolves.toBeUndefined();
  await expect(driverWith({ token: "wrong-token" }).check()).rejects.toThrow(/^(?!.*wrong-token).*invalid token/);
  vi.restoreAllMocks();
});

it("takes nothing from the environment", async () => {
  vi.stubEnv("QSTASH_DEV", "true");
  vi.stubEnv("QSTASH_URL", "http://127.0.0.1:9");
  vi.stubEnv("QSTASH_CURRENT_SIGNING_KEY", "sig_of_the_environment");
  const runtime = runtimeThatCounts();
  await driverWith().check();
  await driverWith().receive?.(delivery("{}"), runtime);
  expect(runtime.answer).toHaveBeenCalledOnce();
  vi.unstubAllEnvs();
});

it.each(["token", "url", "currentSigningKey", "nextSigningKey"])("is not made without %s", (name) => {
  expect(() => driverWith({ [name]: "" })).toThrow(`qstash needs ${name}.`);
});
