// Alerts from the crossing to the channel and the hook, whatever fails in between.
import { describe, expect, it } from "vitest";
import type { Alert, Tallystick } from "../../src/index.ts";
import { discord } from "../../src/notification/discord.ts";
import { callApi } from "../support/engine.ts";
import { startReceiver } from "../receiver.ts";
import { post, refusalOf } from "./api.ts";
import { setUp } from "./setup.ts";

const alerts = [{ kind: "low", amount: 100 }, { kind: "exhausted" }, { kind: "expiring", days: 7 }] as const;
const day = 86_400_000;

async function crossing(tally: Tallystick, userId: string): Promise<void> {
  await tally.credits.grant({ userId, amount: 100, type: "adjustment" });
  await tally.credits.consume({ userId, amount: 1 });
}

describe("an alert", () => {
  it("reaches the channel and the hook by the next drain, once, with the same key", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const heard: Alert[] = [];
    const { tally, sql } = await setUp({
      alerts,
      onAlert: (alert) => void heard.push(alert),
      notifications: [discord({ url: `${receiver.origin}/api/webhooks/1/token`, allowPrivateHosts: true })],
    });
    await tally.migrate();
    await crossing(tally, "ann");
    await tally.drain();
    await tally.drain();
    await tally.tick();
    expect(heard).toEqual([
      {
        key: expect.stringMatching(/^credits\.low:\d+$/),
        kind: "low",
        userId: "ann",
        unit: "credit",
        available: 99,
        level: 100,
        percent: null,
        at: expect.any(Date),
      },
    ]);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.body).toContain("99 available: fewer than 100.");
    const stored = await sql.query("select message_key, kind, severity from tallystick.notification");
    expect(stored).toEqual([{ message_key: heard[0]?.key, kind: "credits.low", severity: "warning" }]);
  });

  it("of every kind is announced by a tick, which finds the lots that expire soon", async () => {
    const heard: string[] = [];
    const now = new Date("2026-03-01T00:00:00Z");
    const { tally, sql } = await setUp({
      alerts,
      onAlert: ({ kind }) => void heard.push(kind),
      clock: () => now,
      notifications: [discord({ url: "http://127.0.0.1:9/api/webhooks/1/token", allowPrivateHosts: true })],
    });
    await tally.tick();
    const expiresAt = new Date(now.getTime() + 8 * day);
    await tally.credits.grant({ userId: "ann", amount: 500, type: "adjustment", expiresAt });
    await tally.credits.grant({ userId: "bob", amount: 100, type: "adjustment" });
    await tally.credits.consume({ userId: "bob", amount: 100 });
    now.setTime(now.getTime() + 2 * day);
    expect((await tally.tick()).maintenance["alerts"]).toEqual({ updated: 0, expiring: 1, relayed: 3, failed: 0 });
    expect(heard.toSorted()).toEqual(["exhausted", "expiring", "low"]);
    const announced = await sql.query(
      "select kind, body from tallystick.notification where kind like 'credits.%' order by kind",
    );
    expect(announced).toEqual([
      { kind: "credits.exhausted", body: "Nothing is available any more." },
      { kind: "credits.expiring", body: "500 expire on 2026-03-09 00:00 UTC." },
      { kind: "credits.low", body: "0 available: fewer than 100." },
    ]);
  });

  it("whose process dies after the crossing is told by the next one", async () => {
    const { tally, databaseUrl } = await setUp({ alerts });
    await tally.migrate();
    await crossing(tally, "ann");
    await tally.close();
    const heard: string[] = [];
    const { tally: next } = await setUp({ database: databaseUrl, onAlert: ({ userId }) => void heard.push(userId) });
    await next.drain();
    expect(heard).toEqual(["ann"]);
  });
});

describe("the hook", () => {
  it("writes in the transaction of the announcement, and what it writes is undone when it throws", async () => {
    let calls = 0;
    const { tally, sql } = await setUp({
      alerts,
      notifications: [discord({ url: "http://127.0.0.1:9/api/webhooks/1/token", allowPrivateHosts: true })],
      async onAlert({ userId }, { tx }) {
        calls += 1;
        await tally.credits.grant({ userId, amount: 50, type: "register_gift" }, { tx });
        if (userId === "bad" && calls < 4) throw new Error("no mail to https://user:secret@example.com/x");
      },
    });
    await tally.migrate();
    for (const userId of ["ann", "bad", "cat"]) await crossing(tally, userId);
    await tally.drain();
    const balances = async (): Promise<number[]> =>
      Promise.all(["ann", "bad", "cat"].map(async (userId) => (await tally.credits.balance({ userId })).balance));
    expect(await balances()).toEqual([149, 99, 149]);
    const waiting = await sql.query(
      "select attempts, last_error, retry_at > created_at as later from tallystick.credit_alert where relayed_at is null",
    );
    expect(waiting).toEqual([{ attempts: 1, last_error: "no mail to https://example.com/…", later: true }]);
    // Before its wait is over it is left alone.
    await sql.query(
      "update tallystick.credit_alert set retry_at = clock_timestamp() + interval '1 hour' where relayed_at is null",
    );
    await tally.drain();
    expect(calls).toBe(3);
    await sql.query("update tallystick.credit_alert set retry_at = clock_timestamp() where relayed_at is null");
    await tally.drain();
    expect(await balances()).toEqual([149, 149, 149]);
    const keys = await sql.query("select distinct message_key from tallystick.notification");
    expect(keys).toHaveLength(3);
  });

  it("whose backend is killed in the middle loses no alert and doubles nothing that it wrote", async () => {
    const killed = new Set<string>();
    const { tally, sql } = await setUp({
      alerts,
      notifications: [discord({ url: "http://127.0.0.1:9/api/webhooks/1/token", allowPrivateHosts: true })],
      async onAlert({ userId }, { tx }) {
        await tally.credits.grant({ userId, amount: 50, type: "register_gift" }, { tx });
        if (userId === "user3" && !killed.has(userId)) {
          killed.add(userId);
          await tx.query("select pg_terminate_backend(pg_backend_pid())");
        }
      },
    });
    await tally.migrate();
    for (let n = 1; n <= 5; n += 1) await crossing(tally, `user${n}`);
    await expect(tally.drain()).rejects.toThrow(expect.objectContaining({ code: "storage_unavailable" }));
    expect(await sql.query("select 1 from tallystick.notification")).toEqual([]);
    await tally.drain();
    for (let n = 1; n <= 5; n += 1) {
      expect((await tally.credits.balance({ userId: `user${n}` })).balance).toBe(149);
    }
    expect(await sql.query("select 1 from tallystick.notification")).toHaveLength(5);
  });
});

describe("over REST", () => {
  it("an account's rules are read, set, switched off and given back, and its alerts are listed", async () => {
    const { tally } = await setUp({ alerts });
    await tally.migrate();
    await crossing(tally, "ann");
    const put = async (body: unknown): Promise<Response> =>
      callApi(tally, "/accounts/ann/alerts", { ...post(body), method: "PUT" });
    expect(await (await callApi(tally, "/accounts/ann/alerts")).json()).toEqual({
      userId: "ann",
      unit: "credit",
      own: false,
      rules: alerts,
      recent: [
        {
          key: expect.stringMatching(/^credits\.low:/),
          kind: "low",
          userId: "ann",
          unit: "credit",
          at: expect.stringMatching(/Z$/),
          available: 99,
          level: 100,
          percent: null,
        },
      ],
    });
    const rules = [{ kind: "low", percent: 10 }];
    expect(await (await put({ rules })).json()).toMatchObject({ own: true, rules });
    expect(await (await put({ rules: [] })).json()).toMatchObject({ own: true, rules: [] });
    expect(await (await put({ rules: null })).json()).toMatchObject({ own: false, rules: alerts });
    for (const body of [{}, { rules: [{ kind: "low" }] }, { rules: [{ kind: "low", amount: 1, percent: 2 }] }]) {
      expect(await refusalOf(await put(body))).toEqual([400, "invalid_request"]);
    }
    const twice = [{ kind: "exhausted" }, { kind: "exhausted" }];
    expect(await refusalOf(await put({ rules: twice }))).toEqual([400, "invalid_request"]);
    expect(await (await callApi(tally, "/accounts/nobody/alerts")).json()).toMatchObject({ rules: alerts, recent: [] });
  });
});
