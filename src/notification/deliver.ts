// The task that delivers one message to one channel; of alerts that are told together, the first tells all.
import type { Database, Queryable } from "../db/database.ts";
import { inSpan } from "../kernel/telemetry.ts";
import { defineTask, discard, retryLater, type TaskDefinition, type TaskPayload } from "../tasks/task.ts";
import type { Channel, Message, SendOutcome, Severity } from "./channel.ts";
import { groupedMessage, TOLD_IN_FULL, type Group, type StoredAlert } from "./grouped-message.ts";
import type { Routing } from "./routing.ts";

export const DELIVER_TASK = "deliver-notification";

// A channel answers within its own 10 s; the lease is 30 s.
const SEND_TIMEOUT_MS = 12_000;

/** sent: by this task. told: before, or by another message. */
type Delivery = "sent" | "told";

export function deliverTask(database: Database, routing: Routing): TaskDefinition<Delivery> {
  const byName = new Map(routing.channels.map((channel) => [channel.name, channel]));
  return defineTask<Delivery>({
    name: DELIVER_TASK,
    loadTimeoutMs: SEND_TIMEOUT_MS,
    pauseLaneMs: (payload, delivery) =>
      delivery === "sent" ? (byName.get(String(payload["channel"]))?.minIntervalMs ?? 0) : 0,
    async load({ payload, signal }) {
      const stored = await read(database, payload);
      // A replay of what was told does not tell it again.
      if (stored.status === "sent" || stored.told_by !== null) return "told";
      const channel = byName.get(String(payload["channel"]));
      if (channel === undefined) throw discard(`channel ${String(payload["channel"])} is not configured any more`);
      if (await isToldByAnother(database, stored, routing.find(channel, stored.kind, stored.severity))) return "told";
      const message = await messageOf(database, stored, channel.language);
      const attributes = { "tallystick.channel": channel.name, "tallystick.notification.kind": stored.kind };
      return settle(
        await inSpan("notification.send", { kind: "client", attributes }, async (note) => {
          const sent = await channel.send(message, signal);
          note({ "tallystick.outcome": sent.outcome });
          return sent;
        }),
      );
    },
    async run({ tx, payload, loaded }) {
      if (loaded === "sent") await mark(tx, payload, "sent");
      return loaded;
    },
    async onDead({ tx, payload }) {
      await mark(tx, payload, "failed");
    },
  });
}

function settle(outcome: SendOutcome): Delivery {
  switch (outcome.outcome) {
    case "sent":
      return "sent";
    case "rate_limited":
      throw retryLater(outcome.reason, outcome.retryAfterMs, true);
    case "rejected":
      throw discard(outcome.reason);
    case "failed":
      throw new Error(outcome.reason);
  }
}

// A message and those that it tells change together.
async function mark(tx: Queryable, payload: TaskPayload, status: "sent" | "failed"): Promise<void> {
  await tx.query(
    `update tallystick.notification set status = $2, sent_at = case when $2 = 'sent' then tallystick.clock() end
     where (id = $1 or told_by = $1) and status <> 'sent'`,
    [payload["notificationId"], status],
  );
}

interface Stored extends StoredAlert {
  readonly id: number;
  readonly message_key: string;
  readonly kind: string;
  readonly status: string;
  readonly group_key: string | null;
  readonly told_by: number | null;
}

async function read(database: Database, payload: TaskPayload): Promise<Stored> {
  const [row] = await database.query<Stored>(
    `select id, message_key, kind, severity, title, body, fields, status, group_key, told_by, created_at as "createdAt"
     from tallystick.notification where id = $1`,
    [payload["notificationId"]],
  );
  if (row === undefined) throw discard("the notification was removed after it was told");
  return row;
}

async function isToldByAnother(
  database: Database,
  stored: Stored,
  route: ReturnType<Routing["find"]>,
): Promise<boolean> {
  // A route that gathers no more tells alone what it finds.
  if (stored.group_key === null || route === undefined || route.groupWithinMs === 0) return false;
  const [row] = await database.query<{ gathered: { waitMs?: number; toldBy?: number } }>(
    "select tallystick.gather_notifications($1, $2) as gathered",
    [stored.id, route.groupWithinMs],
  );
  const waitMs = row?.gathered.waitMs;
  if (waitMs !== undefined) throw retryLater("its kind was told a short while ago; it is told with the next", waitMs);
  return row?.gathered.toldBy !== undefined;
}

async function messageOf(database: Database, stored: Stored, language: Channel["language"]): Promise<Message> {
  const { message_key: id, kind, severity, title, body: text, fields, createdAt } = stored;
  const message = { id, kind, severity, title, text, fields, createdAt };
  if (stored.group_key === null) return message;
  const [others] = await database.query<{ count: number; severities: Severity[] | null; lastAt: Date | null }>(
    `select count(*) as count, json_agg(distinct severity) as severities, max(created_at) as "lastAt"
     from tallystick.notification where told_by = $1`,
    [stored.id],
  );
  if (others === undefined || others.count === 0) return message;
  const first = await database.query<StoredAlert>(
    `select severity, title, body, fields, created_at as "createdAt"
     from tallystick.notification where told_by = $1 order by id limit $2`,
    [stored.id, TOLD_IN_FULL - 1],
  );
  const group: Group = {
    count: others.count + 1,
    severities: [severity, ...(others.severities ?? [])],
    lastAt: others.lastAt ?? createdAt,
    first: [stored, ...first],
  };
  return groupedMessage(message, group, language);
}
