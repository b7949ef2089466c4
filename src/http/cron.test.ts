// The cron endpoints' door and their answers, and the health endpoint.
import { beforeAll, describe, expect, it } from "vitest";
import { setUp } from "../../test/flows/setup.ts";
import { createTestEngine, CRON_SECRET } from "../../test/support/engine.ts";
import type { Tallystick } from "../index.ts";

let tally: Tallystick;
let databaseUrl: string;

beforeAll(async () => {
  ({ tally, databaseUrl } = await createTestEngine());
  return async () => tally.close();
});

const basic = (text: string): string => `Basic ${btoa(text)}`;

function call(path: string, authorization?: string, method = "GET"): Request {
  return new Request(`http://localhost${path}`, {
    method,
    ...(authorization !== undefined && { headers: { authorization } }),
  });
}

describe("the door", () => {
  it.each([
    ["nothing", undefined],
    ["an empty header", ""],
    ["Bearer without a secret", "Bearer"],
    ["an empty secret", "Bearer "],
    ["undefined as text", "Bearer undefined"],
    ["null as text", "Bearer null"],
    ["a wrong secret", "Bearer nope"],
    ["a secret with more behind it", `Bearer ${CRON_SECRET}x`],
    ["a secret with a word behind it", `Bearer ${CRON_SECRET} x`],
    ["the secret alone", CRON_SECRET],
    ["the secret under another scheme", `Token ${CRON_SECRET}`],
    ["empty Basic credentials", "Basic Og=="],
    ["Basic credentials without a password", basic("cron:")],
    ["Basic credentials without a user", basic(":pa:ss")],
    ["a password cut at its colon", basic("cron:pa")],
    ["Basic credentials without a colon", basic("cron")],
    ["Basic that is no base64", "Basic !!!"],
    ["Basic that is no UTF-8", `Basic ${btoa("\xff\xfe:\xff")}`],
    ["the secret as a password", basic(`cron:${CRON_SECRET}`)],
  ])("is closed to %s", async (_, authorization) => {
    for (const handler of [tally.handlers.distributeCredits, tally.handlers.cron]) {
      const response = await handler(call("/api/distribute-credits", authorization));
      expect([response.status, await response.json()]).toEqual([401, { error: "Unauthorized" }]);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  it.each([
    ["Bearer", `Bearer ${CRON_SECRET}`, "GET"],
    ["bearer in lower case", `bearer ${CRON_SECRET}`, "GET"],
    ["BEARER in upper case by POST", `BEARER ${CRON_SECRET}`, "POST"],
    ["Basic with a password that has a colon", basic("cron:pa:ss"), "GET"],
    ["basic in lower case by POST", basic("cron:pa:ss").replace("Basic", "basic"), "POST"],
  ])("opens to %s", async (_, authorization, method) => {
    const response = await tally.handlers.distributeCredits(call("/api/distribute-credits", authorization, method));
    expect([response.status, await response.json()]).toEqual([
      200,
      { success: true, distributed: 0, timestamp: expect.any(String) as string },
    ]);
  });

  it("is closed to everybody while no secret is set, also to texts of what is not there", async () => {
    for (const auth of [
      undefined,
      {},
      { cronSecrets: [] },
      { cronSecrets: [""], cronBasic: { username: "", password: "" } },
    ]) {
      const { tally: closed } = await setUp({ auth, database: databaseUrl });
      for (const authorization of [
        "Bearer undefined",
        "Bearer ",
        "Basic Og==",
        basic("undefined:undefined"),
        "Bearer null",
      ]) {
        expect((await closed.handlers.cron(call("/api/cron/tick", authorization))).status).toBe(401);
      }
    }
  });

  it("takes each of several secrets while one is rotated", async () => {
    const { tally: rotating } = await setUp({
      auth: { cronSecrets: ["old-secret", "new-secret"] },
      database: databaseUrl,
    });
    for (const [secret, status] of [
      ["old-secret", 200],
      ["new-secret", 200],
      [CRON_SECRET, 401],
    ] as const) {
      expect((await rotating.handlers.cron(call("/api/cron/tick", `Bearer ${secret}`))).status).toBe(status);
    }
  });

  it.each(["PUT", "DELETE", "HEAD", "OPTIONS"])("does not know the method %s", async (method) => {
    const response = await tally.handlers.cron(call("/api/cron/tick", `Bearer ${CRON_SECRET}`, method));
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });
});

describe("an answer", () => {
  it("counts lots expired and grants made, and the tick tells the rest", async () => {
    let now = new Date("2026-01-01T00:00:00Z");
    const { tally: clocked } = await setUp({ clock: () => now });
    await clocked.credits.enrol({ userId: "ada", planId: "free" });
    now = new Date("2026-02-01T00:00:00Z");
    const first = await clocked.handlers.distributeCredits(call("/api/distribute-credits", `Bearer ${CRON_SECRET}`));
    expect(await first.json()).toMatchObject({ success: true, distributed: 2 });
    const second = await clocked.handlers.cron(call("/api/cron/tick", `Bearer ${CRON_SECRET}`));
    expect(second.headers.get("cache-control")).toBe("no-store");
    expect(await second.json()).toEqual({
      success: true,
      distributed: 0,
      timestamp: expect.any(String) as string,
      slots: 0,
      expire: expect.objectContaining({ expired: 0 }) as object,
      distribute: expect.objectContaining({ count: 0 }) as object,
      alerts: { updated: 0, expiring: 0, relayed: 0, failed: 0 },
      "release-holds": expect.objectContaining({ remaining: 0 }) as object,
      audit: expect.anything() as object,
      outgoing: expect.objectContaining({ relayed: 0 }) as object,
      "remove-notifications": { removed: 0 },
      "remove-tasks": { removed: 0 },
      "remove-event-bodies": { removed: 0 },
      "top-ups": { begun: 0 },
      tasks: { processed: 0, done: 0, failed: 0, dead: 0, remaining: 0, nextRunAt: null },
      durationMs: expect.any(Number) as number,
    });
  });

  it("is 500 in the reference's words when the database is away, and tells nothing of why", async () => {
    const { tally: away } = await setUp({ database: "postgres://user:secret@127.0.0.1:9/none" });
    const one = await away.handlers.distributeCredits(call("/api/distribute-credits", `Bearer ${CRON_SECRET}`));
    expect([one.status, await one.json()]).toEqual([500, { error: "Failed to distribute credits" }]);
    const two = await away.handlers.cron(call("/api/cron/tick", `Bearer ${CRON_SECRET}`));
    expect([two.status, await two.json()]).toEqual([500, { error: "Failed to run the tick" }]);
  });
});

describe("health", () => {
  it("is public and 200 while the migrated database answers", async () => {
    const response = await tally.handlers.health(call("/api/health"));
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  it("is 503 while the database is away", async () => {
    const { tally: away } = await setUp({ database: "postgres://user:secret@127.0.0.1:9/none" });
    const response = await away.handlers.health(call("/api/health"));
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: { code: "storage_unavailable", message: expect.not.stringContaining("secret") as string } },
    ]);
  });

  it("is 503 before the database is migrated", async () => {
    const { tally: empty, sql } = await setUp();
    await sql.query("drop schema tallystick cascade");
    const response = await empty.handlers.health(call("/api/health"));
    expect([response.status, await response.json()]).toMatchObject([503, { error: { code: "not_migrated" } }]);
  });
});

describe("the budget", () => {
  it("is the time that the call's tick has: with none, what is due is left to the next call", async () => {
    const tasks = [{ name: "note", run: async () => "noted" }];
    const hurried = await setUp({ cronBudgetMs: 0, tasks });
    const { taskId } = await hurried.tally.tasks.enqueue({ name: "note", payload: {} });
    const request = (): Request => call("/api/cron/tick", `Bearer ${CRON_SECRET}`);
    const first = await hurried.tally.handlers.cron(request());
    expect(await first.json()).toMatchObject({ tasks: { processed: 0, remaining: 1 } });
    const { tally: next } = await setUp({ database: hurried.databaseUrl, tasks });
    const second = await next.handlers.cron(request());
    expect(await second.json()).toMatchObject({ tasks: { processed: 1, remaining: 0 } });
    expect(await next.tasks.get(taskId)).toMatchObject({ status: "done" });
  });

  it("is no negative time", async () => {
    await expect(createTestEngine({ cronBudgetMs: -1 })).rejects.toMatchObject({ code: "invalid_request" });
  });
});
