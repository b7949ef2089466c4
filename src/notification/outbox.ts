// The outbox: an announcement becomes one row and one delivery task for each channel, in the transaction of what it
// announces. Delivery is at least once under a stable id; a channel that is down or asks for a pause holds up no other.
import type { Database, Queryable } from "../db/database.ts";
import type { Announcement } from "../kernel/announcement.ts";
import { enqueueTask } from "../tasks/enqueue.ts";
import { defineTask, discard, retryLater, type TaskDefinition, type TaskPayload } from "../tasks/task.ts";
import type { Channel, Message, SendOutcome } from "./channel.ts";
import { render } from "./templates.ts";

export const DELIVER_TASK = "deliver-notification";

// A channel answers within its own 10 s; the lease is 30 s.
const SEND_TIMEOUT_MS = 12_000;

/** Writes an announcement for every channel. The same key is announced once, for ever. */
export async function announce(
  tx: Queryable,
  channels: readonly Channel[],
  announcement: Announcement,
  maxAttempts: number,
): Promise<void> {
  // Sorted, so that two transactions that announce take the channels' lanes in one order.
  for (const channel of channels.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { severity, title, text, fields } = render(announcement, channel.language);
    const [row] = await tx.query<{ id: number }>(
      `insert into tallystick.notification (message_key, channel, kind, severity, title, body, fields, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, tallystick.clock())
       on conflict (message_key, channel) do nothing returning id`,
      [announcement.key, channel.name, announcement.kind, severity, title, text, JSON.stringify(fields)],
    );
    if (row === undefined) continue;
    await enqueueTask(tx, {
      name: DELIVER_TASK,
      payload: { notificationId: row.id, channel: channel.name },
      lane: `notification:${channel.name}`,
      dedupeKey: `notification:${row.id}`,
      maxAttempts,
    });
  }
}

/** The task that delivers one message to one channel. */
export function deliverTask(database: Database, channels: readonly Channel[]): TaskDefinition<SendOutcome> {
  const byName = new Map(channels.map((channel) => [channel.name, channel]));
  return defineTask<SendOutcome>({
    name: DELIVER_TASK,
    loadTimeoutMs: SEND_TIMEOUT_MS,
    pauseLaneMs: (payload) => byName.get(String(payload["channel"]))?.minIntervalMs ?? 0,
    async load({ payload, signal }) {
      const channel = byName.get(String(payload["channel"]));
      if (channel === undefined) throw discard(`channel ${String(payload["channel"])} is not configured any more`);
      const { message, status } = await readMessage(database, payload);
      // A replay of what was delivered does not deliver again.
      const outcome: SendOutcome = status === "sent" ? { outcome: "sent" } : await channel.send(message, signal);
      switch (outcome.outcome) {
        case "sent":
          return outcome;
        case "rate_limited":
          throw retryLater(outcome.reason, outcome.retryAfterMs, true);
        case "rejected":
          throw discard(outcome.reason);
        case "failed":
          throw new Error(outcome.reason);
      }
    },
    async run({ tx, payload }) {
      await tx.query(
        "update tallystick.notification set status = 'sent', sent_at = coalesce(sent_at, tallystick.clock()) where id = $1",
        [payload["notificationId"]],
      );
    },
    async onDead({ tx, payload }) {
      await tx.query("update tallystick.notification set status = 'failed' where id = $1", [payload["notificationId"]]);
    },
  });
}

interface StoredMessage extends Omit<Message, "id" | "text"> {
  readonly message_key: string;
  readonly body: string;
  readonly status: string;
}

async function readMessage(database: Database, payload: TaskPayload): Promise<{ message: Message; status: string }> {
  const [row] = await database.query<StoredMessage>(
    `select message_key, kind, severity, title, body, fields, status, created_at as "createdAt"
     from tallystick.notification where id = $1`,
    [payload["notificationId"]],
  );
  if (row === undefined) throw discard("the notification is gone");
  const { message_key: id, body: text, status, ...rest } = row;
  return { message: { id, text, ...rest }, status };
}
