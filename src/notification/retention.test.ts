// Notifications told long ago are removed, and yet the same key is announced once, for ever.
import { describe, expect, it } from "vitest";
import { setUp, untilBlocked } from "../../test/flows/setup.ts";
import type { Database } from "../db/database.ts";
import type { Announcement } from "../kernel/announcement.ts";
import type { Channel } from "./channel.ts";
import { announce } from "./outbox.ts";
import { removeTold } from "./retention.ts";
import { createRouting } from "./routing.ts";

const sent: string[] = [];
const channel: Channel = {
  name: "ops",
  language: "en",
  minIntervalMs: 0,
  send: async ({ id }) => {
    sent.push(id);
    return { outcome: "sent" };
  },
};
const outbox = {
  routing: createRouting([channel]),
  templates: {},
  maxAttempts: 3,
  onTemplateFailure: () => undefined,
};

function payment(key: string): Announcement {
  return { kind: "payment.received", key, userId: "ada", amount: 100, currency: "usd", items: [] };
}

async function tell(sql: Database, ...announced: string[]): Promise<void> {
  for (const key of announced) await sql.transaction(async (tx) => announce(tx, outbox, payment(key)));
}

async function age(sql: Database, days: number): Promise<void> {
  await sql.query("update tallystick.notification set sent_at = sent_at - make_interval(days => $1)", [days]);
}

async function keys(sql: Database): Promise<string[]> {
  const rows = await sql.query<{ key: string }>("select message_key as key from tallystick.notification order by id");
  return rows.map(({ key }) => key);
}

describe("a notification", () => {
  it("is removed by the tick 90 days after it was sent, and its key is not announced again", async () => {
    const { tally, sql } = await setUp({ notifications: [channel] });
    sent.length = 0;
    await tell(sql, "old-1", "old-2");
    await tally.drain();
    await age(sql, 90);
    await tell(sql, "new");
    await tally.drain();
    expect(sent).toEqual(["old-1", "old-2", "new"]);
    const first = await tally.tick();
    expect(first.maintenance["remove-notifications"]).toEqual({ removed: 2 });
    expect(await keys(sql)).toEqual(["new"]);
    await tell(sql, "old-1", "old-2", "new", "other");
    await tally.drain();
    expect(sent).toEqual(["old-1", "old-2", "new", "other"]);
    expect(await keys(sql)).toEqual(["new", "other"]);
    expect((await tally.tick()).maintenance["remove-notifications"]).toEqual({ removed: 0 });
  });

  it("that was not sent stays, however old it is, and one that was sent stays for as long as it is to be kept", async () => {
    const { tally, sql } = await setUp({ notifications: [channel], notificationDays: 30 });
    await tell(sql, "sent", "failed");
    await tally.drain();
    await sql.query(
      "update tallystick.notification set status = 'failed', sent_at = null where message_key = 'failed'",
    );
    await tell(sql, "pending");
    await sql.query("update tallystick.notification set created_at = created_at - interval '1 year'");
    await age(sql, 29);
    expect(await removeTold(sql, 30, 1000)).toBe(0);
    await age(sql, 1);
    await tally.tick();
    expect(await keys(sql)).toEqual(["failed", "pending"]);
  });

  it("is kept for ever where the product says so", async () => {
    const { tally } = await setUp({ notifications: [channel], notificationDays: false });
    expect(Object.keys((await tally.tick()).maintenance)).not.toContain("remove-notifications");
  });

  it.each([0, -1, 1.5, Number.NaN])("is not kept for %j days", async (notificationDays) => {
    await expect(setUp({ notificationDays })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("that is announced again while it is removed is told once, whoever comes first", async () => {
    const { tally, sql } = await setUp({ notifications: [channel] });
    sent.length = 0;
    for (let round = 0; round < 20; round += 1) {
      const key = `race-${round}`;
      await tell(sql, key);
      await tally.drain();
      await age(sql, 90);
      await Promise.all([tell(sql, key), removeTold(sql, 90, 1000), tell(sql, key)]);
      await tally.drain();
    }
    expect(sent).toHaveLength(20);
  });

  it("whose removal commits while its key is announced again is not told again", async () => {
    const { tally, sql } = await setUp({ notifications: [channel] });
    sent.length = 0;
    await tell(sql, "old");
    await tally.drain();
    await age(sql, 90);
    let announcing: Promise<void> | undefined;
    await sql.transaction(async (tx) => {
      await removeTold({ ...sql, query: tx.query }, 90, 1000);
      announcing = tell(sql, "old");
      // The insert waits for the removal, which has not committed.
      await untilBlocked(sql, "%write_notification%");
    });
    await announcing;
    await tally.drain();
    expect(sent).toEqual(["old"]);
    expect(await keys(sql)).toEqual([]);
  });

  it("goes in batches, all of them within the time", async () => {
    const { sql } = await setUp({ notifications: [channel] });
    await sql.query(
      `insert into tallystick.notification (message_key, channel, kind, severity, title, body, status, created_at, sent_at)
       select 'many-' || n, 'ops', 'payment.received', 'info', 't', 'b', 'sent', now() - interval '91 days', now() - interval '91 days'
       from generate_series(1, 1200) n`,
    );
    expect(await removeTold(sql, 90, 0)).toBe(500);
    expect(await removeTold(sql, 90, 60_000)).toBe(700);
    expect(await sql.query("select count(*) as count from tallystick.notification_told")).toEqual([{ count: 1200 }]);
  });
});
