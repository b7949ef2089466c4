// What the inbox measures: payment events that wait, and those that nobody could handle.
import type { Queryable } from "../db/database.ts";
import { gauge, type Metric } from "../kernel/metric.ts";

/** Reads the inbox' gauges; handled events are not read. */
export async function paymentMetrics(queryable: Queryable): Promise<readonly Metric[]> {
  const rows = await queryable.query<{ provider: string; status: string; count: number }>(
    `select provider, status, count(*) as count from tallystick.webhook_event
     where status in ('pending', 'dead') group by 1, 2 order by 1, 2`,
  );
  const samples = rows.map(({ provider, status, count }) => ({ labels: { provider, status }, value: count }));
  return [gauge("tallystick_payment_events", "Payment events that have no effect yet, by status", samples)];
}
