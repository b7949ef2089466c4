// The tracing port. Work that is worth a span says so by `inSpan`, and knows nothing of who listens: whoever enters the
// library by a call of an engine with `telemetry` is listened to, and so is all that it begins.
import type { AsyncLocalStorage } from "node:async_hooks";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly kind?: "internal" | "producer" | "consumer" | "client" | undefined;
  readonly attributes?: Attributes | undefined;
  /** A W3C traceparent that the span continues, in the place of the span that is under way here. */
  readonly parent?: string | undefined;
}

/** Notes what became known only during the span. */
export type Note = (attributes: Attributes) => void;

/** How one attempt of a task ended. */
export interface TaskMeasure {
  readonly name: string;
  readonly outcome: string;
  /** From the claim to the settlement, in milliseconds. */
  readonly durationMs: number;
}

export interface Telemetry {
  /** Does the work within a span that ends with it; what it throws is noted, and thrown. */
  span<Result>(name: string, options: SpanOptions, work: (note: Note) => Promise<Result>): Promise<Result>;
  /** The W3C traceparent of the span that is under way; undefined when none is. */
  traceparent(): string | undefined;
  taskSettled?(measure: TaskMeasure): void;
}

// Made when somebody listens for the first time. Asked for and not imported, for bundles of other runtimes.
let listening: AsyncLocalStorage<Telemetry> | undefined;

function listeners(): AsyncLocalStorage<Telemetry> {
  return (listening ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)<Telemetry>());
}

const nothing: Note = () => undefined;

/** Does the work within a span, where somebody listens. */
export async function inSpan<Result>(
  name: string,
  options: SpanOptions,
  work: (note: Note) => Promise<Result>,
): Promise<Result> {
  const telemetry = listening?.getStore();
  return telemetry === undefined ? work(nothing) : telemetry.span(name, options, work);
}

/** What a task carries of the trace that it is enqueued in; null where none is listened to. */
export function traceparent(): string | null {
  return listening?.getStore()?.traceparent() ?? null;
}

/** The same object, of which every function is listened to, those of its objects too. */
export function listenedTo<Api extends object>(api: Api, telemetry: Telemetry): Api {
  const entries = Object.entries(api).map(([name, value]: [string, unknown]) => [name, wrap(value, telemetry)]);
  return Object.fromEntries(entries) as Api;
}

function wrap(value: unknown, telemetry: Telemetry): unknown {
  if (typeof value === "function") {
    return (...parameters: unknown[]): unknown =>
      listeners().run(telemetry, () => (value as (...given: unknown[]) => unknown)(...parameters));
  }
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? listenedTo(value, telemetry) : value;
}
