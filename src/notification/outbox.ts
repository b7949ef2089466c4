// The outbox: an announcement becomes one row and one delivery task for each channel that takes it, in the transaction of
// what it announces. Delivery is at least once under a stable id; a channel that is down or asks for a pause holds up no
// other.
import type { Queryable } from "../db/database.ts";
import type { Announcement } from "../kernel/announcement.ts";
import { enqueueTask } from "../tasks/enqueue.ts";
import type { Channel } from "./channel.ts";
import { word, type NotificationTemplates, type Worded } from "./custom-templates.ts";
import { DELIVER_TASK } from "./deliver.ts";
import { causeOf, type Routing } from "./routing.ts";

export interface Outbox {
  readonly routing: Routing;
  readonly templates: NotificationTemplates;
  readonly maxAttempts: number;
  /** Told of a template that threw; the built-in words stand in. */
  readonly onTemplateFailure: (announcement: Announcement, language: Channel["language"], error: unknown) => void;
}

/** Writes an announcement for every channel that takes it. The same key is announced once, for ever. */
export async function announce(tx: Queryable, outbox: Outbox, announcement: Announcement): Promise<void> {
  // Sorted, so that two transactions that announce take the channels' lanes in one order.
  for (const channel of outbox.routing.channels.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { language } = channel;
    const worded = word(announcement, language, outbox.templates, (error) => {
      outbox.onTemplateFailure(announcement, language, error);
    });
    const route = outbox.routing.find(channel, announcement.kind, worded.severity);
    if (route === undefined) continue;
    const written = await write(tx, channel, announcement, worded, route.groupWithinMs);
    if (written === null) continue;
    await enqueueTask(tx, {
      name: DELIVER_TASK,
      payload: { notificationId: written.id, channel: channel.name },
      lane: `notification:${channel.name}`,
      dedupeKey: `notification:${written.id}`,
      maxAttempts: outbox.maxAttempts,
      ...(written.runAt !== null && { runAt: new Date(written.runAt) }),
    });
  }
}

async function write(
  tx: Queryable,
  channel: Channel,
  announcement: Announcement,
  { severity, title, text, fields, custom }: Worded,
  groupWithinMs: number,
): Promise<{ readonly id: number; readonly runAt: string | null } | null> {
  const [row] = await tx.query<{ written: { id: number; runAt: string | null } | null }>(
    "select tallystick.write_notification($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as written",
    [
      announcement.key,
      channel.name,
      announcement.kind,
      severity,
      title,
      text,
      JSON.stringify(fields),
      "userId" in announcement ? announcement.userId : null,
      custom,
      groupWithinMs > 0 ? `${announcement.kind}:${causeOf(announcement)}` : null,
      groupWithinMs,
    ],
  );
  return row?.written ?? null;
}
