// A metric as it is scraped: what Prometheus' text says of it, https://prometheus.io/docs/instrumenting/exposition_formats/.

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** Ends in its unit where it has one; a counter's in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly MetricSample[];
}

/** Every gauge of the library: instruments must be named before they are read. */
export const gaugeNames = [
  "tallystick_tasks_waiting",
  "tallystick_tasks_due",
  "tallystick_tasks_running",
  "tallystick_tasks_dead",
  "tallystick_task_oldest_due_seconds",
  "tallystick_tick_age_seconds",
  "tallystick_tick_failed",
  "tallystick_wakes_late",
  "tallystick_payment_events",
  "tallystick_notifications",
  "tallystick_accounts",
  "tallystick_credits_outstanding",
  "tallystick_credits_held",
  "tallystick_credits_debt",
  "tallystick_outbox_oldest_seconds",
  "tallystick_audit_violations",
  "tallystick_audit_age_seconds",
] as const;

export function gauge(name: (typeof gaugeNames)[number], help: string, samples: readonly MetricSample[]): Metric {
  return { name, help, type: "gauge", samples };
}

/** One number without labels; none where it is not known. */
export function single(value: number | null): readonly MetricSample[] {
  return value === null ? [] : [{ labels: {}, value }];
}
