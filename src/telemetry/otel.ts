// Traces and measures for OpenTelemetry, by its API alone: whose SDK it is, and where it sends, is the product's.
import {
  context,
  metrics,
  type BatchObservableResult,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type MeterProvider,
  type ObservableGauge,
  type SpanContext,
  type TracerProvider,
} from "@opentelemetry/api";
import type { Tallystick } from "../create-tallystick.ts";
import { gaugeNames as observed } from "../kernel/metric.ts";
import type { SpanOptions, Telemetry } from "../kernel/telemetry.ts";

export interface OpenTelemetryOptions {
  /** Default: the global one, as an SDK registers it. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
}

const SCOPE = "tallystick";
const kinds = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
} as const;

/**
 * Spans of webhooks, tasks, the ledger and notifications, of which those of one payment are one trace: the task's row
 * carries it over. Spans name no person and hold no payload. And a histogram of attempts, in seconds, by task and
 * outcome. It needs the context manager that every SDK registers.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const tracer = (options.tracerProvider ?? trace).getTracer(SCOPE);
  const duration = (options.meterProvider ?? metrics).getMeter(SCOPE).createHistogram("tallystick.task.duration", {
    unit: "s",
    description: "From a task's claim to its settlement",
  });
  return {
    async span(name, { kind = "internal", attributes, parent }: SpanOptions, work) {
      const active = context.active();
      const from = continued(parent) ?? active;
      const links = from === active ? [] : linksTo(active);
      const settings = { kind: kinds[kind], links, ...(attributes && { attributes }) };
      return tracer.startActiveSpan(name, settings, from, async (span) => {
        try {
          return await work((known) => span.setAttributes(known));
        } catch (error) {
          // The message may tell of a person; the code says enough.
          span.setStatus({ code: SpanStatusCode.ERROR, message: codeOf(error) });
          span.setAttribute("error.type", codeOf(error));
          throw error;
        } finally {
          span.end();
        }
      });
    },
    traceparent() {
      const span = trace.getActiveSpan()?.spanContext();
      if (span === undefined || !trace.isSpanContextValid(span)) return undefined;
      return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
    },
    taskSettled({ name, outcome, durationMs }) {
      duration.record(durationMs / 1_000, { "tallystick.task": name, "tallystick.outcome": outcome });
    },
  };
}

/**
 * Observes all that `tally.metrics()` reads, by the names that the scrape endpoint has, whenever the SDK collects. Answers how
 * to end it. Where many processes export, let one of them observe: all would read the same database.
 */
export function observeMetrics(
  tally: Pick<Tallystick, "metrics">,
  options: Pick<OpenTelemetryOptions, "meterProvider"> = {},
): () => void {
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE);
  const instruments = new Map<string, ObservableGauge>(
    observed.map((name) => [name, meter.createObservableGauge(name)]),
  );
  const observe = async (result: BatchObservableResult): Promise<void> => {
    for (const { name, samples } of await tally.metrics()) {
      const instrument = instruments.get(name);
      if (instrument === undefined) continue;
      for (const { labels, value } of samples) result.observe(instrument, value, labels);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

// W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header
const format = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function continued(traceparent: string | undefined): Context | undefined {
  const [, traceId, spanId, flags] = format.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const parent: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

// The drain or tick that happens to run a task is no part of the trace that the task belongs to.
function linksTo(active: Context): { context: SpanContext }[] {
  const span = trace.getSpanContext(active);
  return span === undefined ? [] : [{ context: span }];
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "internal";
}
