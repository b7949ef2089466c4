// The outbox: written with the effect, delivered apart from it, and no channel in another's way.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { sendEvent, uniqueId } from "../../test/support/engine.ts";
import { setUp, skipDelays } from "../../test/flows/setup.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { startReceiver, type Reply } from "../../test/receiver.ts";
import type { Database } from "../db/database.ts";
import { defineTask, type Tallystick } from "../index.ts";
import { silentLogger } from "../kernel/logger.ts";
import type { Channel } from "./channel.ts";
import { dingtalk } from "./dingtalk.ts";
import { discord } from "./discord.ts";
import { email } from "./email.ts";
import { feishu } from "./feishu.ts";
import { resend } from "./resend.ts";
import { slack } from "./slack.ts";
import { telegram } from "./telegram.ts";
import { webhook } from "./webhook.ts";
import { wecom } from "./wecom.ts";

async function pay(tally: Tallystick, userId = uniqueId("user")): Promise<string> {
  const object = invoice({ userId, customer: `cus_of_${userId}`, lines: [{ priceId: "price_pro_monthly" }] });
  expect((await sendEvent(tally, { type: "invoice.paid", object })).status).toBe(200);
  return userId;
}

async function balances(sql: Database): Promise<number> {
  const [row] = await sql.query<{ total: number }>(
    "select coalesce(sum(current_credits), 0)::bigint as total from tallystick.user_credit",
  );
  return row?.total ?? 0;
}

async function byStatus(sql: Database): Promise<Record<string, number>> {
  const rows = await sql.query<{ of: string; count: number }>(
    "select channel || ' ' || status as of, count(*) as count from tallystick.notification group by 1",
  );
  return Object.fromEntries(rows.map(({ of, count }) => [of, count]));
}

/** A receiver whose answer can be changed while it runs. */
async function startMoody(first: Reply & object) {
  const moody = { reply: first, received: [] as string[], origin: "" };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    moody.received.push(Buffer.concat(chunks).toString());
    response.writeHead(moody.reply.status ?? 200, moody.reply.headers).end(moody.reply.body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  moody.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return moody;
}

const local = { allowPrivateHosts: true };
const discordAt = (origin: string, name = "discord"): Channel =>
  discord({ url: `${origin}/api/webhooks/1/token-secret`, name, ...local });

describe("an announcement", () => {
  it("is rolled back with the effect that it announces", async () => {
    const { tally, sql } = await setUp({ notifications: [discordAt("http://127.0.0.1:9")] });
    await pay(tally);
    // Fails after the announcement was written, in the same transaction.
    await sql.query(
      "alter table tallystick.webhook_event add constraint broken check (status <> 'processed') not valid",
    );
    expect(await tally.drain({ maxTasks: 1 })).toMatchObject({ failed: 1 });
    expect(await sql.query("select 1 from tallystick.notification")).toEqual([]);
    expect((await tally.tasks.list()).items.map(({ name }) => name)).toEqual(["payment-event"]);
    expect(await balances(sql)).toBe(0);
  });

  it("reaches every channel once, in the channel's language, under an id that stays the same over retries", async () => {
    const flaky = await startMoody({ status: 500 });
    await using steady = await startReceiver({ body: '{"code":0}' });
    const { tally, sql } = await setUp({
      notifications: [
        discordAt(flaky.origin),
        feishu({ url: `${steady.origin}/open-apis/bot/v2/hook/x`, language: "zh", ...local }),
      ],
    });
    await pay(tally);
    await tally.drain({ maxTasks: 3 });
    flaky.reply = { status: 200, body: "{}" };
    for (let round = 0; round < 3; round += 1) {
      await skipDelays(sql);
      await tally.drain();
    }
    expect(await byStatus(sql)).toEqual({ "discord sent": 1, "feishu sent": 1 });
    expect(steady.received).toHaveLength(1);
    expect(steady.received[0]?.body).toContain("收到付款");
    const [{ message_key: key } = { message_key: "" }] = await sql.query<{ message_key: string }>(
      "select message_key from tallystick.notification",
    );
    expect(flaky.received.length).toBeGreaterThanOrEqual(2);
    expect(flaky.received.filter((body) => body.includes(key))).toHaveLength(flaky.received.length);
    // Replaying what was delivered delivers nothing again.
    const sent = flaky.received.length;
    for (const { id, name } of (await tally.tasks.list({ status: "done" })).items) {
      if (name === "deliver-notification") await tally.tasks.replay(id);
    }
    await skipDelays(sql);
    await tally.drain();
    expect(flaky.received).toHaveLength(sent);
    expect(steady.received).toHaveLength(1);
  });
});

describe("a route", () => {
  it("decides which channel is told of a payment, and another of what needs an operator", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { tally, sql } = await setUp({
      tasks: [
        defineTask({
          name: "broken",
          maxAttempts: 1,
          async run() {
            throw new Error("still broken");
          },
        }),
      ],
      notifications: [
        { channel: discordAt(receiver.origin, "finance"), kinds: ["payment.*"] },
        { channel: discordAt(receiver.origin, "ops"), minSeverity: "critical" },
        { channel: discordAt(receiver.origin, "nobody"), kinds: ["credits.exhausted"] },
      ],
    });
    await pay(tally);
    await tally.tasks.enqueue({ name: "broken" });
    await tally.drain();
    const rows = await sql.query("select kind, channel, status from tallystick.notification order by kind");
    expect(rows).toEqual([
      { kind: "payment.received", channel: "finance", status: "sent" },
      { kind: "task.dead", channel: "ops", status: "sent" },
    ]);
  });
});

describe("a template of the product's own", () => {
  it("that throws costs no message and no payment: the built-in words are sent, and its error is logged without secrets", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const logged: unknown[] = [];
    const { tally, sql } = await setUp({
      notifications: [discordAt(receiver.origin)],
      templates: {
        "payment.received": {
          en: () => {
            throw new Error("no page at https://example.com/hunter2");
          },
        },
      },
      logger: { ...silentLogger, error: (fields, message) => logged.push({ ...fields, message }) },
    });
    await pay(tally);
    await tally.drain();
    expect(receiver.received[0]?.body).toContain("Payment received");
    expect(await byStatus(sql)).toEqual({ "discord sent": 1 });
    expect(logged).toEqual([
      {
        kind: "payment.received",
        language: "en",
        error: "no page at https://example.com/…",
        message: "a template failed; the built-in words stand in",
      },
    ]);
  });
});

describe("a channel that asks for a pause", () => {
  it("is left alone for that time, counts no attempt, and holds up neither other channels nor payments", async () => {
    const limited = await startMoody({ status: 429, body: '{"retry_after":60.5}' });
    await using free = await startReceiver({ body: "{}" });
    const { tally, sql } = await setUp({
      notifications: [discordAt(limited.origin, "limited"), discordAt(free.origin, "free")],
    });
    for (let count = 0; count < 5; count += 1) {
      await pay(tally);
      await tally.drain();
    }
    expect(limited.received).toHaveLength(1);
    expect(await byStatus(sql)).toEqual({ "free sent": 5, "limited pending": 5 });
    expect(await balances(sql)).toBe(5000);
    const [lane] = await sql.query<{ seconds: number }>(
      "select extract(epoch from paused_until - clock_timestamp())::int as seconds from tallystick.task_lane where name = 'notification:limited'",
    );
    expect(lane?.seconds).toBeGreaterThan(55);
    limited.reply = { body: "{}" };
    await skipDelays(sql);
    await tally.drain();
    expect(await byStatus(sql)).toEqual({ "free sent": 5, "limited sent": 5 });
    const attempts = await sql.query("select max(attempts) as attempts from tallystick.task");
    expect(attempts).toEqual([{ attempts: 1 }]);
  });
});

describe("a channel that is down", () => {
  it("for an hour loses nothing and delays no payment", async () => {
    const down = await startMoody({ status: 503 });
    const { tally, sql } = await setUp({ notifications: [discordAt(down.origin)] });
    for (let count = 0; count < 6; count += 1) await pay(tally);
    // An hour of retries: every delay passes at once, six times over.
    for (let round = 0; round < 6; round += 1) {
      await tally.drain({ budgetMs: 3000 });
      await skipDelays(sql);
      expect(await balances(sql)).toBe(6000);
    }
    expect(await byStatus(sql)).toEqual({ "discord pending": 6 });
    down.reply = { body: "{}" };
    down.received.length = 0;
    while ((await byStatus(sql))["discord pending"] !== undefined) {
      await skipDelays(sql);
      await tally.drain();
    }
    expect(await byStatus(sql)).toEqual({ "discord sent": 6 });
    expect(down.received).toHaveLength(6);
  });

  it("and never answers does not keep payments waiting", async () => {
    const hanging = await startReceiver("hang");
    const { tally, sql } = await setUp({ notifications: [discordAt(hanging.origin)] });
    await pay(tally);
    const arrived = hanging.nextRequest();
    const drains = [tally.drain()];
    await arrived;
    await pay(tally);
    drains.push(tally.drain());
    while ((await balances(sql)) < 2000);
    expect(await byStatus(sql)).toEqual({ "discord pending": 2 });
    await hanging[Symbol.asyncDispose]();
    await Promise.all(drains);
  });

  it("and refuses for good is a failed notification, seen in the list and not announced in its turn", async () => {
    const gone = await startMoody({ status: 404, body: '{"message":"Unknown Webhook","code":10015}' });
    const { tally, sql } = await setUp({ notifications: [discordAt(gone.origin)] });
    await pay(tally);
    await tally.drain();
    expect(await byStatus(sql)).toEqual({ "discord failed": 1 });
    expect((await tally.tasks.list({ status: "dead" })).items).toMatchObject([
      { name: "deliver-notification", attempts: 1 },
    ]);
    expect(gone.received).toHaveLength(1);
    // Mended and replayed, it is delivered after all.
    gone.reply = { body: "{}" };
    const [dead] = (await tally.tasks.list({ status: "dead" })).items;
    await tally.tasks.replay(dead?.id ?? "");
    await tally.drain();
    expect(await byStatus(sql)).toEqual({ "discord sent": 1 });
  });
});

describe("a channel that was renamed or removed", () => {
  it("leaves its waiting messages as failed, with the reason", async () => {
    const { tally, sql, databaseUrl } = await setUp({ notifications: [discordAt("http://127.0.0.1:9", "old-name")] });
    await pay(tally);
    await tally.drain({ maxTasks: 1 });
    const { tally: reconfigured } = await setUp({ notifications: [], database: databaseUrl });
    await reconfigured.drain();
    expect(await byStatus(sql)).toEqual({ "old-name failed": 1 });
    expect((await reconfigured.tasks.list({ status: "dead" })).items).toMatchObject([
      { lastError: "channel old-name is not configured any more" },
    ]);
  });
});

describe("a channel with a published pace", () => {
  it("gets one message, then rests for its interval", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const { tally, sql } = await setUp({ notifications: [slack({ url: `${receiver.origin}/services/x`, ...local })] });
    for (let count = 0; count < 3; count += 1) await pay(tally);
    const { nextRunAt } = await tally.drain();
    expect(receiver.received).toHaveLength(1);
    expect(await balances(sql)).toBe(3000);
    const [rest] = await sql.query<{ ms: number }>(
      `select round(extract(epoch from lane.paused_until - max(n.sent_at)) * 1000)::int as ms from tallystick.task_lane lane, tallystick.notification n
       where lane.name = 'notification:slack' group by lane.paused_until`,
    );
    expect(rest?.ms).toBeGreaterThan(900);
    expect(rest?.ms).toBeLessThanOrEqual(1100);
    expect(nextRunAt).toBeInstanceOf(Date);
    for (let round = 0; round < 2; round += 1) {
      await skipDelays(sql);
      await tally.drain();
    }
    expect(receiver.received).toHaveLength(3);
  });
});

describe("secrets", () => {
  it("stand in no message, no task and no attempt, whatever goes wrong", async () => {
    const secrets = ["token-secret", "feishu-secret", "hook-secret", "sk_live_abcdef", "hunter2"];
    await using first = await startReceiver({ status: 500, body: "no such hook: token-secret" });
    await using others = await startReceiver({ status: 500, body: "no such hook: /services/hook-secret" });
    const { tally, sql } = await setUp({
      retry: { maxAttempts: 2 },
      notifications: [
        discordAt(first.origin),
        slack({ url: `${others.origin}/services/hook-secret`, ...local }),
        feishu({ url: `${others.origin}/open-apis/bot/v2/hook/hook-secret`, secret: "feishu-secret", ...local }),
        dingtalk({ url: `${others.origin}/robot/send?access_token=hook-secret`, secret: "feishu-secret", ...local }),
        wecom({ url: `${others.origin}/cgi-bin/webhook/send?key=hook-secret`, ...local }),
        webhook({ url: `${others.origin}/hook-secret?key=hook-secret`, secret: `whsec_${"A".repeat(40)}`, ...local }),
        telegram({ token: "123456:hook-secret", chatId: 1, apiBase: others.origin, ...local }),
        resend({ apiKey: "hook-secret", from: "a@b.example", to: "c@d.example", apiBase: others.origin, ...local }),
        email({ url: "smtp://ada:hunter2@127.0.0.1:9", from: "a@b.example", to: "c@d.example", ...local }),
      ],
    });
    await sql.query(
      `create function leak() returns trigger language plpgsql as $$
       begin raise exception 'https://user:hunter2@example.com/token-secret sk_live_abcdef postgres://user:hunter2@db/x'; end $$`,
    );
    await sql.query("create trigger leak before insert on tallystick.credit_lot for each row execute function leak()");
    await pay(tally);
    for (let round = 0; round < 8; round += 1) {
      await tally.drain();
      await skipDelays(sql);
    }
    const stored = JSON.stringify([
      await sql.query("select * from tallystick.notification"),
      await sql.query("select * from tallystick.task"),
      await sql.query("select * from tallystick.task_attempt"),
      [...first.received, ...others.received].map(({ body }) => body),
    ]);
    expect(stored).toContain("task.dead");
    for (const secret of secrets) expect(stored).not.toContain(secret);
  });
});
