// All that is measured, of every part: for scrapers and for OpenTelemetry.
import { ledgerMetrics } from "./credits/measures.ts";
import type { Database } from "./db/database.ts";
import type { Metric } from "./kernel/metric.ts";
import { notificationMetrics } from "./notification/measures.ts";
import { paymentMetrics } from "./payment/measures.ts";
import { taskMetrics, type AttemptCounter } from "./tasks/measures.ts";

export async function readMetrics(
  database: Database,
  attempts: AttemptCounter,
  hasDriver: boolean,
): Promise<readonly Metric[]> {
  return [
    ...(await taskMetrics(database, hasDriver)),
    ...attempts.read(),
    ...(await paymentMetrics(database)),
    ...(await notificationMetrics(database)),
    ...(await ledgerMetrics(database)),
  ];
}
