// Inngest as driver: what its server is asked, which requests are believed, and what they run.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Inngest } from "inngest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  inngestKeys,
  isSigned,
  runRequest,
  signatureOf,
  type InngestEvent,
} from "../../test/driver-conformance/inngest-protocol.ts";
import type { Driver, Wake } from "../index.ts";
import { silentLogger } from "../kernel/logger.ts";
import type { WakeRuntime } from "../tasks/wake.ts";
import { inngest, type InngestOptions } from "./inngest.ts";

interface Asked {
  readonly path: string;
  readonly body: unknown;
}

const HANDLER = "https://product.test/api/driver";
const wake: Wake = { taskId: "7", lane: null, delayMs: 0 };
const due: InngestEvent = {
  id: "7-a",
  name: "tallystick/task.due",
  data: { taskId: "7", lane: null, key: "task:7" },
  ts: 1,
};
const drained = { processed: 1, done: 1, failed: 0, dead: 0, remaining: 0, nextRunAt: null };

let server: Server;
let asked: Asked[];
/** What the server answers next; then 200. */
let statuses: number[];
let ran: string[];
let runtime: WakeRuntime;
let answer: () => Promise<typeof drained>;

beforeEach(async () => {
  asked = [];
  statuses = [];
  ran = [];
  answer = async () => drained;
  server = createServer(async (request, response) => {
    asked.push({ path: request.url ?? "", body: JSON.parse(await text(request)) as unknown });
    const status = statuses.shift() ?? 200;
    response.writeHead(status).end(JSON.stringify({ ids: [], status, ...(status !== 200 && { error: "refused" }) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  runtime = {
    answer: async (input) => {
      ran.push(`answer ${input?.budgetMs}`);
      return answer();
    },
    tick: async () => ran.push("tick"),
    wake: async () => ran.push("wake"),
    stop: async () => undefined,
    logger: silentLogger,
  };
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const baseUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const driverWith = (more: Partial<InngestOptions> = {}): Driver =>
  inngest({ ...inngestKeys, baseUrl: baseUrl(), timeoutMs: 5_000, ...more });

async function call(driver: Driver, request: RequestInit, query = ""): Promise<Response> {
  const given = new Request(`${HANDLER}${query}`, request);
  return (await driver.receive?.(given, runtime)) ?? Response.error();
}
const run = async (
  driver: Driver,
  request: RequestInit = runRequest({ event: due, runId: "run-1", attempt: 0 }),
  of = "answer-wake",
) => call(driver, request, `?fnId=tallystick-${of}&stepId=step`);

describe("waking", () => {
  it("posts the wakes' events to the event API, 500 at once", async () => {
    await driverWith().wake(Array.from({ length: 501 }, () => wake));
    const key = inngestKeys.eventKey;
    expect(asked.map(({ path, body }) => [path, (body as unknown[]).length])).toEqual([
      [`/e/${key}`, 500],
      [`/e/${key}`, 1],
    ]);
    expect(asked[1]?.body).toMatchObject([{ name: due.name, data: due.data, ts: expect.any(Number) }]);
  });

  it("sends an event again by the same id when the answer was a failure, so that Inngest can drop the second", async () => {
    statuses = [500];
    await driverWith().wake([wake]);
    const ids = asked.map(({ body }) => (body as InngestEvent[])[0]?.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it("fails when Inngest does not take them in time, and tells no key", async () => {
    statuses = Array.from({ length: 20 }, () => 500);
    const refused = await driverWith({ timeoutMs: 250 }).wake([wake]).catch(String);
    expect(refused).toBe("Error: no answer within 250 ms");
  });

  it("uses a client that is there already", async () => {
    const client = new Inngest({ id: "shop", eventKey: "theirs", baseUrl: baseUrl(), isDev: false });
    await inngest({ client }).wake([wake]);
    expect(asked[0]?.path).toBe("/e/theirs");
  });
});

describe("asking whether it answers", () => {
  it("sends no event", async () => {
    await driverWith().check();
    expect(asked).toEqual([{ path: `/e/${inngestKeys.eventKey}`, body: [] }]);
  });

  it("takes a refusal of the empty list for an answer, but none of the key", async () => {
    statuses = [400, 401];
    await driverWith().check();
    await expect(driverWith().check()).rejects.toThrow("Inngest's event API answered 401");
  });

  it("fails when nobody listens", async () => {
    const driver = driverWith();
    server.close();
    await expect(driver.check()).rejects.toThrow("fetch failed");
  });
});

describe("Inngest's requests", () => {
  it("run what is due, and are answered with a signature of ours", async () => {
    const response = await run(driverWith({ answerBudgetMs: 4_000 }));
    expect(response.status).toBe(200);
    expect(ran).toEqual(["answer 4000"]);
    const body = await response.text();
    expect(JSON.parse(body)).toEqual({ processed: 1, done: 1, failed: 0, dead: 0, remaining: 0 });
    expect(isSigned(body, response.headers.get("x-inngest-signature"))).toBe(true);
  });

  it("tick, and then hand on the wakes of what the tick enqueued", async () => {
    const event = { ...due, name: "inngest/scheduled.timer", data: { cron: "* * * * *" } };
    const response = await run(driverWith(), runRequest({ event, runId: "run-1", attempt: 0 }), "tick");
    expect([response.status, ran]).toEqual([200, ["tick", "wake"]]);
  });

  it("are answered as a failure that Inngest tries again when the drain fails", async () => {
    answer = async () => Promise.reject(new Error("the database is away"));
    const response = await run(driverWith());
    expect([response.status, response.headers.get("x-inngest-no-retry")]).toEqual([500, "false"]);
  });

  it("share one handler for a runtime, and are answered each when one comes twice", async () => {
    const driver = driverWith();
    const answers = await Promise.all([run(driver), run(driver)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each([
    ["without a signature", (body: string) => ({ body, signature: "" })],
    [
      "with another key's signature",
      (body: string) => ({ body, signature: signatureOf(body, `signkey-test-${"00".repeat(32)}`) }),
    ],
    [
      "with a signature of ten minutes ago",
      (body: string) => ({ body, signature: signatureOf(body, undefined, Date.now() - 600_000) }),
    ],
    [
      "with a signature of another body",
      (body: string) => ({ body: body.replace("run-1", "run-2"), signature: signatureOf(body) }),
    ],
  ])("%s are refused, and nothing is run", async (_what, forge) => {
    const { method, headers, ...signed } = runRequest({ event: due, runId: "run-1", attempt: 0 });
    const { body, signature } = forge(signed.body);
    const response = await run(driverWith(), {
      method,
      body,
      headers: { ...headers, "x-inngest-signature": signature },
    });
    expect([response.status, ran]).toEqual([401, []]);
  });

  it("are refused by their size before their signature is looked at", async () => {
    const answered = await run(driverWith(), { method: "POST", body: "x".repeat(1_048_577) }).catch(
      (error: unknown) => error,
    );
    expect([answered, ran]).toEqual([expect.objectContaining({ code: "payload_too_large" }), []]);
  });

  it("are taken with the fallback key while the key is changed", async () => {
    const driver = driverWith({
      signingKey: `signkey-test-${"00".repeat(32)}`,
      signingKeyFallback: inngestKeys.signingKey,
    });
    expect((await run(driver)).status).toBe(200);
  });

  it("are believed without a signature only in development", async () => {
    const { method, body } = runRequest({ event: due, runId: "run-1", attempt: 0 });
    const driver = inngest({ isDev: true, baseUrl: baseUrl() });
    expect([(await run(driver, { method, body })).status, ran]).toEqual([200, ["answer 10000"]]);
  });
});

describe("registering", () => {
  it("tells Inngest the two functions, with their limits, at the address of the options", async () => {
    const driver = driverWith({ url: "https://shop.example/api/driver", concurrency: 3, tickCron: "*/5 * * * *" });
    // An address that the caller made up.
    const response = await call(driver, { method: "PUT", headers: { host: "attacker.test" } });
    expect([response.status, asked[0]?.path]).toEqual([200, "/fn/register"]);
    const step = (id: string) => ({
      step: { runtime: { url: `https://shop.example/api/driver?fnId=${id}&stepId=step` } },
    });
    expect(asked[0]?.body).toMatchObject({
      url: "https://shop.example/api/driver",
      appName: "tallystick",
      functions: [
        {
          id: "tallystick-answer-wake",
          triggers: [{ event: "tallystick/task.due" }],
          idempotency: "event.id",
          concurrency: [{ limit: 3 }, { key: "event.data.key", limit: 1 }],
          steps: step("tallystick-answer-wake"),
        },
        { id: "tallystick-tick", triggers: [{ cron: "*/5 * * * *" }], concurrency: 1, steps: step("tallystick-tick") },
      ],
    });
  });

  it("is Inngest's alone to ask for where the address is the request's", async () => {
    expect((await call(driverWith(), { method: "PUT" })).status).toBe(401);
    expect(asked).toEqual([]);
    expect(
      (await call(driverWith(), { method: "PUT", headers: { "x-inngest-signature": signatureOf("") } })).status,
    ).toBe(200);
    expect(asked[0]?.body).toMatchObject({ url: HANDLER });
  });

  it("is asked for by setUp, which tells what was answered", async () => {
    const product = createServer(async (request, response) => {
      const answered = await call(driverWith({ url: HANDLER }), { method: request.method ?? "" });
      response.writeHead(answered.status).end(await answered.text());
    });
    product.listen(0, "127.0.0.1");
    await once(product, "listening");
    const url = `http://127.0.0.1:${(product.address() as AddressInfo).port}/api/driver`;
    expect(await driverWith({ url }).setUp?.()).toEqual([`${url} is registered at Inngest: Successfully registered`]);
    statuses = [500];
    await expect(driverWith({ url }).setUp?.()).rejects.toThrow(`${url} answered 500: refused`);
    product.close();
    product.closeAllConnections();
  });

  it("is explained by setUp where it does not know the address", async () => {
    expect(await driverWith().setUp?.()).toEqual([expect.stringContaining("option url")]);
  });
});

describe("options", () => {
  it("must have both keys in production", () => {
    for (const given of [{}, { eventKey: "e" }, { signingKey: "s" }, { eventKey: "", signingKey: "s" }]) {
      expect(() => inngest(given)).toThrow("needs eventKey and signingKey");
    }
  });

  it("must have a URL that is one", () => {
    expect(() => driverWith({ url: "shop.example" })).toThrow("url of the Inngest driver is not a URL");
  });
});
