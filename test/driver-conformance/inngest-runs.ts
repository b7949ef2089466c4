// The runs of Inngest's stand-in: made of events, kept until they are due, delivered under the functions' limits, and
// tried again with a back-off that is short for the tests.
import { randomUUID } from "node:crypto";
import {
  isSigned,
  runRequest,
  valueAt,
  type Concurrency,
  type InngestEvent,
  type RegisteredFunction,
} from "./inngest-protocol.ts";

const DEFAULT_RETRIES = 3;
const BACK_OFF_MS = 50;

interface Run {
  readonly id: string;
  readonly of: RegisteredFunction;
  readonly event: InngestEvent;
  attempt: number;
  dueMs: number;
  isRunning: boolean;
}

export interface Runs {
  /** Begins a run of each function that the event triggers, unless its id or a function's key was there before. */
  trigger(event: InngestEvent): void;
  /** Begins a run of each function that has a schedule. */
  fire(): void;
  register(functions: readonly RegisteredFunction[]): void;
  forget(): void;
  /** Delivers nothing until it goes on; what is on its way is cut off. */
  pause(): void;
  goOn(): void;
}

export function createRuns(): Runs {
  let functions: readonly RegisteredFunction[] = [];
  let cut = new AbortController();
  let isPaused = false;
  const runs = new Set<Run>();
  const seen = new Set<string>();

  /** Whether it is the first of its kind; there is no end to 24 hours in a test. */
  function isNew(key: string): boolean {
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  }

  function begin(of: RegisteredFunction, event: InngestEvent): void {
    if (of.idempotency !== undefined && !isNew(`${of.id} ${valueAt(of.idempotency, event)}`)) return;
    put({ id: randomUUID(), of, event, attempt: 0, dueMs: event.ts, isRunning: false });
  }

  function put(run: Run): void {
    runs.add(run);
    // A timer may be a millisecond early.
    setTimeout(deliverDue, Math.max(0, run.dueMs - Date.now()) + 1).unref();
  }

  function deliverDue(): void {
    if (isPaused) return;
    for (const run of runs) {
      if (!run.isRunning && run.dueMs <= Date.now() && hasRoom(run)) void deliver(run);
    }
  }

  function hasRoom({ of, event }: Run): boolean {
    const others = [...runs].filter((other) => other.isRunning && other.of.id === of.id);
    return limitsOf(of).every(({ limit, key }) => {
      const within = others.filter((other) => key === undefined || valueAt(key, other.event) === valueAt(key, event));
      return within.length < limit;
    });
  }

  async function deliver(run: Run): Promise<void> {
    run.isRunning = true;
    const outcome = await send(run, cut.signal);
    run.isRunning = false;
    const isLast = run.attempt >= (run.of.steps.step.retries?.attempts ?? DEFAULT_RETRIES);
    if (outcome !== "cut" && (outcome === "done" || outcome === "refused" || isLast)) runs.delete(run);
    else if (runs.has(run)) {
      if (outcome === "failed") run.attempt += 1;
      run.dueMs = Date.now() + BACK_OFF_MS * 2 ** run.attempt;
      put(run);
    }
    deliverDue();
  }

  return {
    trigger(event) {
      if (!isNew(event.id)) return;
      for (const of of functions) if (of.triggers.some((trigger) => trigger.event === event.name)) begin(of, event);
    },
    fire() {
      for (const of of functions) {
        const cron = of.triggers.find((trigger) => trigger.cron !== undefined)?.cron;
        if (cron === undefined) continue;
        begin(of, { id: randomUUID(), name: "inngest/scheduled.timer", data: { cron }, ts: Date.now() });
      }
    },
    register(registered) {
      functions = registered;
    },
    forget() {
      functions = [];
      runs.clear();
      seen.clear();
    },
    pause() {
      isPaused = true;
      cut.abort();
    },
    goOn() {
      cut = new AbortController();
      isPaused = false;
      deliverDue();
    },
  };
}

function limitsOf({ concurrency }: RegisteredFunction): readonly Concurrency[] {
  if (concurrency === undefined) return [];
  if (typeof concurrency === "number") return [{ limit: concurrency }];
  return [concurrency].flat();
}

async function send(run: Run, signal: AbortSignal): Promise<"done" | "failed" | "refused" | "cut"> {
  const { id: runId, event, attempt, of } = run;
  try {
    const response = await fetch(of.steps.step.runtime.url, { ...runRequest({ event, runId, attempt }), signal });
    const body = await response.text();
    if (response.ok) return isSigned(body, response.headers.get("x-inngest-signature")) ? "done" : "failed";
    return response.headers.get("x-inngest-no-retry") === "true" ? "refused" : "failed";
  } catch {
    return signal.aborted ? "cut" : "failed";
  }
}
