// The traces and measures of a payment, as an SDK of OpenTelemetry collects them.
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setUp, skipDelays, type Setup } from "../../test/flows/setup.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { startReceiver } from "../../test/receiver.ts";
import { sendEvent } from "../../test/support/engine.ts";
import { defineTask, type TallystickOptions } from "../index.ts";
import { discord } from "../notification/discord.ts";
import { observeMetrics, openTelemetry } from "./otel.ts";

const spans = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
let setup: Setup | undefined;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
beforeEach(() => {
  spans.reset();
  exported.reset();
});
afterEach(async () => {
  await setup?.tally.close();
});
afterAll(async () => {
  context.disable();
  await meterProvider.shutdown();
});

async function traced(options: Partial<TallystickOptions> = {}): Promise<Setup> {
  setup = await setUp({ telemetry: openTelemetry({ tracerProvider, meterProvider }), ...options });
  return setup;
}

const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);

/** The names of a span and of those that it stands under, outermost first. */
function path(span: ReadableSpan): string[] {
  const parent = spans.getFinishedSpans().find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  return [...(parent === undefined ? [] : path(parent)), span.name];
}

const renewal = { type: "invoice.paid", object: invoice({ userId: "ann", lines: [{ priceId: "price_pro_monthly" }] }) };

describe("a trace", () => {
  it("of a payment goes from its webhook over its task and the ledger to the message about it", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const channel = discord({ url: `${receiver.origin}/api/webhooks/1/token-secret`, allowPrivateHosts: true });
    const { tally, sql } = await traced({ notifications: [channel] });
    await sendEvent(tally, renewal);
    // Not even the same process need run them.
    await tally.drain();
    await skipDelays(sql);
    await tally.drain();
    expect(receiver.received).toHaveLength(1);
    const [sent] = named("notification.send");
    const [granted] = named("ledger.grant_credits");
    expect(sent && path(sent)).toEqual(["webhook.receive", "task.run", "task.run", "notification.send"]);
    expect(granted && path(granted)).toEqual(["webhook.receive", "task.run", "ledger.grant_credits"]);
    expect(new Set([sent, granted].map((span) => span?.spanContext().traceId)).size).toBe(1);
    expect(named("webhook.receive")[0]?.attributes).toEqual({
      "tallystick.provider": "stripe",
      "tallystick.event.type": "invoice.paid",
      "tallystick.outcome": "accepted",
    });
  });

  it("of the caller's own goes on in the tasks that it enqueues", async () => {
    const note = defineTask({ name: "note", run: async () => undefined });
    const { tally } = await traced({ tasks: [note] });
    const tracer = tracerProvider.getTracer("product");
    const outer = tracer.startSpan("checkout");
    await context.with(trace.setSpan(context.active(), outer), async () => tally.tasks.enqueue({ name: "note" }));
    outer.end();
    await tally.drain();
    expect(named("task.run").map(path)).toEqual([["checkout", "task.enqueue", "task.run"]]);
  });

  it("of an attempt that fails has its outcome, and the retry is of the same trace", async () => {
    let attempts = 0;
    const flaky = defineTask({
      name: "flaky",
      async run() {
        attempts += 1;
        if (attempts === 1) throw new Error("someone@example.com");
      },
    });
    const { tally, sql } = await traced({ tasks: [flaky] });
    await tally.tasks.enqueue({ name: "flaky" });
    await tally.drain();
    await skipDelays(sql);
    await tally.drain();
    const runs = named("task.run");
    expect(
      runs.map(({ attributes }) => [attributes["tallystick.task.attempt"], attributes["tallystick.outcome"]]),
    ).toEqual([
      [1, "retry"],
      [2, "done"],
    ]);
    expect(new Set(runs.map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it("names no person and holds no message of an error", async () => {
    const { tally } = await traced();
    await sendEvent(tally, renewal);
    await tally.drain();
    await tally.credits.consume({ userId: "ann", amount: 5 });
    await expect(tally.credits.consume({ userId: "ann", amount: 5_000_000 })).rejects.toThrow("too few credits");
    expect(named("ledger.consume_credits")[1]?.attributes["tallystick.outcome"]).toBe("insufficient_credits");
    const told = spans
      .getFinishedSpans()
      .map(({ name, attributes, status, events }) => ({ name, attributes, status, events }));
    expect(JSON.stringify(told)).not.toContain("ann");
    expect(told.flatMap(({ events }) => events)).toEqual([]);
  });

  it("is not begun, and no task carries one, where nobody listens", async () => {
    setup = await setUp();
    await sendEvent(setup.tally, renewal);
    await setup.tally.drain();
    expect(spans.getFinishedSpans()).toEqual([]);
    const carried = await setup.sql.query("select 1 from tallystick.task where traceparent is not null");
    expect(carried).toEqual([]);
  });
});

describe("measures", () => {
  const collected = async () => {
    await meterProvider.forceFlush();
    return (
      exported
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
    );
  };

  it("have each attempt's duration by task and outcome, and the database's gauges while they are observed", async () => {
    const { tally } = await traced();
    await sendEvent(tally, renewal);
    await tally.drain();
    const end = observeMetrics(tally, { meterProvider });
    const metrics = await collected();
    const duration = metrics.find(({ descriptor }) => descriptor.name === "tallystick.task.duration");
    expect(duration?.dataPoints.map(({ attributes }) => attributes)).toContainEqual({
      "tallystick.task": "payment-event",
      "tallystick.outcome": "done",
    });
    const outstanding = metrics.find(({ descriptor }) => descriptor.name === "tallystick_credits_outstanding");
    expect(outstanding?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ unit: "credit" }, 1000],
    ]);
    end();
  });
});
