// What the driver sends to Trigger.dev, held against a stand-in of its API.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TRIGGER_KEY } from "../../test/driver-conformance/drivers.ts";
import { startTrigger } from "../../test/driver-conformance/trigger-service.ts";
import type { Wake } from "../tasks/wake.ts";
import { trigger, type TriggerOptions } from "./trigger.ts";

interface Item {
  readonly task: string;
  readonly payload: string;
  readonly options: Record<string, unknown>;
}

let service: Awaited<ReturnType<typeof startTrigger>>;

beforeEach(async () => {
  service = await startTrigger();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await service.end();
});

const driver = (more: Partial<TriggerOptions> = {}) =>
  trigger({ accessToken: TRIGGER_KEY, baseURL: service.url, ...more });
const wake = (taskId: string, more: Partial<Wake> = {}): Wake => ({ taskId, lane: null, delayMs: 0, ...more });
const itemsOf = (body: string): Item[] =>
  body
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Item);
const sent = (): Item[] =>
  service.requests.filter(({ path }) => path.endsWith("/items")).flatMap(({ body }) => itemsOf(body));
const keys = (): unknown[] => sent().map(({ options }) => options["idempotencyKey"]);

describe("a wake", () => {
  it("is a run of the wake task, which is told the task and its lane", async () => {
    await driver().wake([wake("1"), wake("2", { lane: "ada" })]);
    expect(sent().map(({ task, payload }) => [task, JSON.parse(payload)])).toEqual([
      ["tallystick-wake", { json: { taskId: "1", lane: null } }],
      ["tallystick-wake", { json: { taskId: "2", lane: "ada" } }],
    ]);
    await driver({ taskId: "mine" }).wake([wake("3")]);
    expect(sent().at(-1)?.task).toBe("mine");
  });

  it("has its lane as concurrency key, without the colon that the service ends a key at", async () => {
    await driver().wake([wake("1", { lane: "notification:email" }), wake("2")]);
    expect(sent().map(({ options }) => options["concurrencyKey"])).toEqual(["notification%3Aemail", undefined]);
  });

  it("is delayed to a time only when it is for later", async () => {
    const before = Date.now();
    await driver().wake([wake("1", { delayMs: 90_000 }), wake("2")]);
    const [later, now] = sent().map(({ options }) => options["delay"]);
    expect(Date.parse(String(later)) - before).toBeGreaterThanOrEqual(90_000);
    expect(Date.parse(String(later)) - Date.now()).toBeLessThanOrEqual(90_000);
    expect(now).toBeUndefined();
  });

  it("has a key of its own each time, so that no later wake of its task is swallowed", async () => {
    const mine = driver();
    await mine.wake([wake("1"), wake("1")]);
    await mine.wake([wake("1")]);
    expect(keys().every((key) => /^[0-9a-f]{64}$/.test(String(key)))).toBe(true);
    expect(new Set(keys()).size).toBe(3);
  });

  it("keeps its key when the service fails and it is sent again", async () => {
    let failures = 1;
    service.intercept(({ path }) =>
      path.endsWith("/items") && failures-- > 0 ? { status: 503, body: {} } : undefined,
    );
    await driver().wake([wake("1"), wake("2")]);
    const [first, second, ...again] = keys();
    expect(again).toEqual([first, second]);
  });

  it("goes in batches of no more than the service takes", async () => {
    await driver().wake(Array.from({ length: 1_001 }, (_, index) => wake(String(index))));
    const batches = service.requests.filter(({ path }) => path === "/api/v3/batches");
    expect(batches.map(({ body }) => (JSON.parse(body) as { runCount: number }).runCount)).toEqual([1_000, 1]);
    expect(sent()).toHaveLength(1_001);
  });

  it("is not taken while the service refuses it, and the error does not tell the key", async () => {
    const failure = (await driver({ accessToken: "tr_dev_unknown" })
      .wake([wake("1")])
      .catch((error: unknown) => error)) as Error;
    expect(failure.message).toContain("Invalid or Missing API key");
    expect(failure.message).not.toContain("tr_dev_unknown");
    expect(sent()).toEqual([]);
  });

  it("is not taken when the service is slower than the driver waits", async () => {
    service.intercept(() => ({ status: 429, body: {} }));
    await expect(driver({ timeoutMs: 100 }).wake([wake("1")])).rejects.toThrow("no answer within 100 ms");
  });
});

describe("its settings", () => {
  it("are the driver's own: two in a process reach two environments, whatever the environment's variables say", async () => {
    vi.stubEnv("TRIGGER_API_URL", "http://127.0.0.1:1");
    vi.stubEnv("TRIGGER_SECRET_KEY", "tr_dev_of_the_environment");
    vi.stubEnv("TRIGGER_VERSION", "20260101.1");
    const other = await startTrigger();
    const second = trigger({ accessToken: TRIGGER_KEY, baseURL: other.url });
    await Promise.all([driver().wake([wake("1")]), second.wake([wake("2")])]);
    await other.end();
    expect(sent().map(({ payload }) => payload)).toEqual(['{"json":{"taskId":"1","lane":null}}']);
    expect(sent()[0]?.options["lockToVersion"]).toBeUndefined();
    expect(other.requests.filter(({ path }) => path.endsWith("/items"))).toHaveLength(1);
  });

  it.each([undefined, "", "tr_dev_key\n"])("need a key that can be sent, and not %j", (accessToken) => {
    expect(() => trigger({ accessToken: accessToken as string })).toThrow(/needs accessToken/);
  });
});

describe("the check", () => {
  it("passes when the service knows the key, one that may only trigger too", async () => {
    await driver().check();
    service.intercept(() => ({ status: 403, body: { error: "Unauthorized" } }));
    await driver().check();
    expect(service.requests.map(({ path }) => path.split("?")[0])).toEqual(["/api/v1/queues", "/api/v1/queues"]);
  });

  it("tells of a key that the service does not know, and of a service that is away", async () => {
    await expect(driver({ accessToken: "tr_dev_unknown" }).check()).rejects.toThrow("Invalid or Missing API key");
    await service.stop();
    await expect(driver().check()).rejects.toThrow(/connection error/i);
  });
});
