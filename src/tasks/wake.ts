// Wakes: a driver carries word of due tasks to a process that runs them. The rows are the truth, so a wake that comes twice
// or late does no harm, and one that is lost costs time only: the next tick runs what it was for.
import type { Database } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Drain, DrainResult } from "./drain.ts";
import type { Relay } from "./drain-outboxes.ts";
import type { TickInput } from "./tick.ts";
import type { Worker } from "./worker.ts";

export interface Wake {
  readonly taskId: string;
  /** The lane that the task runs in, where it has one: a service that can keep order by key may use it as the key. */
  readonly lane: string | null;
  /** Not needed sooner than this, in milliseconds. */
  readonly delayMs: number;
}

/** What whoever gets a driver's wakes may do. */
export interface WakeRuntime {
  /** Answers a wake: runs what is due, and hands on the wakes of what was enqueued, put off or left. */
  readonly answer: (input?: AnswerInput) => Promise<DrainResult>;
  /** Ends the drain that runs; resolves when its tasks are settled, and `until` with it. */
  readonly stop: Drain["stop"];
  readonly tick: (input?: TickInput) => Promise<unknown>;
  /** Hands on the wakes of what a tick enqueued. */
  readonly wake: () => Promise<unknown>;
  readonly logger: Logger;
}

/** Carries wakes over a service of the product. */
export interface Driver {
  readonly name: string;
  /** Hands over wakes, each carried at least once. Resolves when the service has them all; else it throws, and they come again. */
  wake(wakes: readonly Wake[]): Promise<void>;
  /** Whether the service answers. @throws what it answers instead */
  check(): Promise<void>;
  /** Runs a resident worker that takes wakes, and ticks, in this process; absent where the service calls the product instead. */
  work?(runtime: WakeRuntime): Worker;
  /**
   * Answers a request of the service, once it is proven to be the service's; absent where it calls no URL. What it throws is
   * answered as an error, which the service tries again.
   */
  receive?(request: Request, runtime: WakeRuntime): Promise<Response>;
  /** Makes what the service needs, such as the schedule of ticks; safe to call again. Resolves to what is there now. */
  setUp?(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface WakeInput {
  /** Time for it, in milliseconds; default 10,000. */
  readonly budgetMs?: number | undefined;
}

export interface AnswerInput {
  /** Begin no task after this many milliseconds; default 10,000. */
  readonly budgetMs?: number | undefined;
  /** Look no further once this is aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface WakeResult {
  /** Wakes that the driver took. */
  readonly woken: number;
}

// A hand-over that fails returns all of it, also what the service took: few, so that little is sent twice.
const BATCH_SIZE = 100;

/**
 * Tells the outboxes, whose tasks are then woken too, and hands over what no driver has been given. An outbox that can't be
 * told of keeps no wake back; its error is thrown at the end. @throws driver_unavailable
 */
export function createWaking(database: Database, driver: Driver, relays: readonly Relay[]) {
  return async ({ budgetMs = 10_000 }: WakeInput = {}): Promise<WakeResult> => {
    const deadline = performance.now() + budgetMs;
    const left = (): number => Math.max(0, deadline - performance.now());
    const failures: unknown[] = [];
    for (const relay of relays) {
      await relay(left()).catch((error: unknown) => failures.push(error));
    }
    let woken = 0;
    for (;;) {
      const wakes = await takeWakes(database);
      if (wakes.length === 0) break;
      await hand(database, driver, wakes);
      woken += wakes.length;
      if (wakes.length < BATCH_SIZE || left() === 0) break;
    }
    if (failures.length > 0) throw failures[0];
    return { woken };
  };
}

async function takeWakes(database: Database): Promise<Wake[]> {
  const rows = await database.query<{ task_id: number; lane: string | null; delay_ms: number }>(
    "select task_id, lane, delay_ms from tallystick.take_wakes($1) order by task_id",
    [BATCH_SIZE],
  );
  return rows.map(({ task_id: id, lane, delay_ms: delayMs }) => ({ taskId: String(id), lane, delayMs }));
}

async function hand(database: Database, driver: Driver, wakes: readonly Wake[]): Promise<void> {
  try {
    await driver.wake(wakes);
  } catch (cause) {
    await database.query("select tallystick.return_wakes($1)", [wakes.map(({ taskId }) => taskId)]);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallystickError(
      "driver_unavailable",
      `Driver ${driver.name} could not take ${wakes.length} wakes (${reason}); the next tick runs their tasks.`,
      { cause },
    );
  }
}
