// What the outbox measures: messages that wait, and those that a channel refused for good.
import type { Queryable } from "../db/database.ts";
import { gauge, type Metric } from "../kernel/metric.ts";

/** Reads the outbox' gauges; sent messages are not read. */
export async function notificationMetrics(queryable: Queryable): Promise<readonly Metric[]> {
  const rows = await queryable.query<{ channel: string; status: string; count: number }>(
    `select channel, status, count(*) as count from tallystick.notification
     where status in ('pending', 'failed') group by 1, 2 order by 1, 2`,
  );
  const samples = rows.map(({ channel, status, count }) => ({ labels: { channel, status }, value: count }));
  return [gauge("tallystick_notifications", "Messages that were not delivered, by status", samples)];
}
