// Repeated alerts become one message; whatever happens in between, each of them is told.
import { describe, expect, it } from "vitest";
import { setUp, skipDelays, untilBlocked } from "../../test/flows/setup.ts";
import { startReceiver } from "../../test/receiver.ts";
import type { Database } from "../db/database.ts";
import type { Announcement } from "../kernel/announcement.ts";
import { discord } from "./discord.ts";
import { announce } from "./outbox.ts";
import { createRouting, type NotificationRoute } from "./routing.ts";
import { slack } from "./slack.ts";

const at = new Date("2026-03-01T12:34:56Z");
let taskId = 0;

function death(taskName = "report", error = "it broke"): Announcement {
  taskId += 1;
  return { kind: "task.dead", key: `task.dead:${taskId}:1`, taskId, taskName, attempts: 20, error };
}

/** An engine with one route, and how to announce to it. */
async function withRoute(route: NotificationRoute, database?: string) {
  const setup = await setUp({ notifications: [route], ...(database !== undefined && { database }) });
  const outbox = { routing: createRouting([route]), templates: {}, maxAttempts: 3, onTemplateFailure: () => undefined };
  const tell = async (...announcements: Announcement[]): Promise<void> =>
    setup.sql.transaction(async (tx) => {
      for (const announcement of announcements) await announce(tx, outbox, announcement);
    });
  return { ...setup, tell };
}

async function withDiscord(origin: string, more: Partial<NotificationRoute> = {}, database?: string) {
  const channel = discord({ url: `${origin}/api/webhooks/1/token-secret`, allowPrivateHosts: true });
  return withRoute({ channel, ...more }, database);
}

/** As if so many minutes had passed since everything that was told. */
async function pass(sql: Database, minutes: number): Promise<void> {
  // In the product's lock order, as it runs beside deliveries.
  await sql.query(
    `with locked as (
       select id from tallystick.notification where gathered_at is not null order by id for update
     )
     update tallystick.notification n set gathered_at = gathered_at - make_interval(mins => $1)
     from locked where n.id = locked.id`,
    [minutes],
  );
  await skipDelays(sql);
}

async function statuses(sql: Database): Promise<Record<string, number>> {
  const rows = await sql.query<{ status: string; count: number }>(
    "select status, count(*) as count from tallystick.notification group by 1",
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

function embed(body = "{}"): { title: string; description: string; footer: { text: string } } {
  return JSON.parse(body).embeds[0];
}

describe("a repeated alert", () => {
  it("is told at once the first time; what follows within the window becomes one message with the first of them", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { tally, sql, tell } = await withDiscord(receiver.origin);
    await tell(death("report", "first"));
    await tally.drain();
    expect(receiver.received.map(({ body }) => embed(body).title)).toEqual(["A task needs a person"]);
    for (let count = 2; count <= 8; count += 1) {
      await tell(death("report", `number ${count}`));
      await tally.drain();
    }
    await skipDelays(sql);
    const { nextRunAt } = await tally.drain();
    // It waits by the clock of its own, with no attempt counted; the drain says until when.
    expect(receiver.received).toHaveLength(1);
    expect((nextRunAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(590_000);
    expect(await statuses(sql)).toEqual({ sent: 1, pending: 7 });
    expect(await sql.query("select max(attempts) as attempts from tallystick.task where status = 'pending'")).toEqual([
      { attempts: 0 },
    ]);

    await pass(sql, 10);
    await tally.drain();
    expect(receiver.received).toHaveLength(2);
    const { title, description } = embed(receiver.received[1]?.body);
    expect(title).toBe("A task needs a person (7 times)");
    const lines = description.split("\n");
    expect(lines[0]).toMatch(/^7 alerts from \d{4}-.* UTC to \d{4}-.* UTC:$/);
    expect(lines.slice(1, -1).map((line) => line.match(/Error: (.*); Attempts: 20$/)?.[1])).toEqual([
      "number 2",
      "number 3",
      "number 4",
      "number 5",
      "number 6",
    ]);
    expect(lines.at(-1)).toBe("and 2 more.");

    const rows = await sql.query<{ status: string; told_by: number | null; at: Date }>(
      "select status, told_by, sent_at as at from tallystick.notification order by id",
    );
    expect(rows.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => "sent"));
    expect(new Set(rows.slice(2).map(({ told_by }) => told_by)).size).toBe(1);
    expect([rows[0]?.told_by, rows[1]?.told_by]).toEqual([null, null]);
    await pass(sql, 60);
    await tally.drain();
    expect(receiver.received).toHaveLength(2);
    expect((await tally.tasks.list({ status: "pending" })).items).toEqual([]);
  });

  it("that came several times before anything was told is told once, in the channel's language", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const url = `${receiver.origin}/api/webhooks/1/t`;
    const { tally, sql, tell } = await withRoute({
      channel: discord({ url, language: "zh", allowPrivateHosts: true }),
    });
    await tell(death(), death(), death());
    await tally.drain();
    expect(receiver.received.map(({ body }) => embed(body).title)).toEqual(["任务需要人工处理（共 3 次）"]);
    expect(embed(receiver.received[0]?.body).description).toMatch(/共 3 条：\n- .*错误: it broke; 尝试次数: 20\n/);
    expect(await statuses(sql)).toEqual({ sent: 3 });
  });

  it("of another cause, another kind or about money is not told with it", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { tally, sql, tell } = await withDiscord(receiver.origin);
    const received = (key: string): Announcement => ({
      kind: "payment.received",
      key,
      userId: "ada",
      amount: 100,
      currency: "usd",
      items: [],
    });
    const missed = (key: string): Announcement => ({
      kind: "cron.missed",
      key,
      name: "report",
      dueAt: at,
      claimedAt: at,
      missed: 1,
    });
    await tell(death("a"), received("p1"), death("b"), missed("c1"), received("p2"), death("a"), missed("c2"));
    await tally.drain();
    const titles = receiver.received.map(({ body }) => embed(body).title);
    expect(titles.toSorted()).toEqual([
      "A scheduled run was late or missed (2 times)",
      "A task needs a person",
      "A task needs a person (2 times)",
      "Payment received",
      "Payment received",
    ]);
    expect(await statuses(sql)).toEqual({ sent: 7 });
  });

  it("is told each time where its route does not gather", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { tally, sql, tell, databaseUrl } = await withDiscord(receiver.origin, { groupWithinMs: 0 });
    await tell(death(), death(), death());
    await tally.drain();
    expect(receiver.received).toHaveLength(3);
    // Also what was written to be gathered, once gathering is switched off.
    const gathering = await withDiscord(receiver.origin, {}, databaseUrl);
    await gathering.tell(death(), death());
    await tally.drain();
    expect(receiver.received).toHaveLength(5);
    expect(await statuses(sql)).toEqual({ sent: 5 });
  });

  it("takes the pace of its channel once for the whole message", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const channel = slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true });
    const { tally, sql, tell } = await withRoute({ channel });
    await tell(death(), death(), death(), death(), death());
    expect(await tally.drain()).toMatchObject({ done: 1 });
    await skipDelays(sql);
    expect(await tally.drain()).toMatchObject({ done: 4, remaining: 0 });
    expect(receiver.received).toHaveLength(1);
  });
});

describe("nothing of a group is lost", () => {
  it("when the process dies between the send and its record: the same message is sent again, and what came since by another", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { tally, sql, tell } = await withDiscord(receiver.origin);
    await tell(death("report", "one"), death("report", "two"));
    await sql.query("alter table tallystick.notification add constraint broken check (status <> 'sent') not valid");
    await tally.drain();
    expect(await statuses(sql)).toEqual({ pending: 2 });
    await tell(death("report", "three"));
    await sql.query("alter table tallystick.notification drop constraint broken");
    await skipDelays(sql);
    await tally.drain();
    expect(receiver.received).toHaveLength(2);
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
    expect(await statuses(sql)).toEqual({ sent: 2, pending: 1 });
    await pass(sql, 10);
    await tally.drain();
    expect(embed(receiver.received[2]?.body).title).toBe("A task needs a person");
    expect(receiver.received[2]?.body).toContain("three");
    expect(await statuses(sql)).toEqual({ sent: 3 });
  });

  it("when the channel refuses for good: all are failed, and a replay of the message tells all", async () => {
    await using gone = await startReceiver({ status: 404, body: "{}" });
    const { tally, sql, tell, databaseUrl } = await withDiscord(gone.origin);
    await tell(death(), death(), death());
    await tally.drain();
    expect(gone.received).toHaveLength(1);
    expect(await statuses(sql)).toEqual({ failed: 3 });
    const dead = (await tally.tasks.list({ status: "dead" })).items;
    expect(dead).toHaveLength(1);
    await using receiver = await startReceiver({ body: "{}" });
    const mended = await withDiscord(receiver.origin, {}, databaseUrl);
    await mended.tally.tasks.replay(dead[0]?.id ?? "");
    await mended.tally.drain();
    expect(embed(receiver.received[0]?.body).title).toBe("A task needs a person (3 times)");
    expect(await statuses(sql)).toEqual({ sent: 3 });
  });

  it("when two tasks of one group gather at once, as after a lost lease: one tells both, and neither fails", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const { sql, tell } = await withDiscord(receiver.origin);
    await tell(death(), death());
    const gather = async (id: number): Promise<unknown> => {
      const [row] = await sql.query<{ told: unknown }>("select tallystick.gather_notifications($1, 1) as told", [id]);
      return row?.told;
    };
    const [first, second] = (await sql.query<{ id: number }>("select id from tallystick.notification order by id")).map(
      ({ id }) => id,
    ) as [number, number];
    const gathered = await sql.transaction(async (tx) => {
      await tx.query("select from tallystick.notification where id = $1 for update", [first]);
      const ofFirst = gather(first);
      await untilBlocked(sql, "%gather_notifications%");
      const ofSecond = gather(second);
      await untilBlocked(sql, "%gather_notifications%", 2);
      return { both: Promise.all([ofFirst, ofSecond]) };
    });
    expect(await gathered.both).toEqual([{}, { toldBy: first }]);
  });

  it("when several processes announce and deliver at once: every alert is told exactly once", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const first = await withDiscord(receiver.origin);
    const second = await withDiscord(receiver.origin, {}, first.databaseUrl);
    const { sql } = first;
    const work = [first, second].map(async ({ tell, tally }) => {
      for (let round = 0; round < 15; round += 1) {
        await Promise.all([tell(death()), tell(death(), death()), tally.drain()]);
        await pass(sql, 10);
      }
    });
    await Promise.all(work);
    while ((await statuses(sql))["pending"] !== undefined) {
      await pass(sql, 10);
      await first.tally.drain();
    }
    const told = receiver.received.map(({ body }) => Number(embed(body).title.match(/\((\d+) times\)/)?.[1] ?? 1));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(90);
    expect(told.length).toBeLessThan(90);
    expect(await statuses(sql)).toEqual({ sent: 90 });
    expect(new Set(receiver.received.map(({ body }) => embed(body).footer.text)).size).toBe(told.length);
  });
});
