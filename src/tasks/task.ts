// What a task is: a named function over a row. Its definition says how it runs; the row is the truth of whether it did.
import type { Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";

export type TaskStatus = "pending" | "running" | "done" | "dead" | "cancelled";

export interface TaskPayload {
  readonly [key: string]: unknown;
}

/** A leased task, as the claim answers it. */
export interface ClaimedTask {
  readonly id: number;
  readonly name: string;
  readonly payload: TaskPayload;
  readonly lane: string | null;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly leaseToken: number;
  /** Every attempt is used up and the last was lost: it is buried, not run. */
  readonly exhausted: boolean;
  /** Of the trace that it was enqueued in. */
  readonly traceparent: string | null;
  /** It was put off or failed before. */
  readonly hasFailed: boolean;
}

export interface LoadContext {
  readonly taskId: number;
  readonly payload: TaskPayload;
  readonly attempt: number;
  /** Aborted when the load's time is over, or the grace that a stop of the worker gives it. */
  readonly signal: AbortSignal;
}

export interface RunContext<Loaded> extends Omit<LoadContext, "signal"> {
  /** The transaction that also marks the task done: what is written here is written exactly once. */
  readonly tx: Queryable;
  readonly loaded: Loaded;
}

export interface Schedule {
  /** A cron expression of five or six fields. */
  readonly cron: string;
  /** IANA name; default UTC. */
  readonly timeZone?: string;
  /**
   * What becomes of slots that nobody claimed in time. once (default): the latest runs, older ones are recorded as
   * missed. all: every slot runs. skip: only a slot within the grace runs.
   */
  readonly missed?: "once" | "all" | "skip";
  /** A slot claimed later than this after its time counts as late and is announced; default one hour. */
  readonly graceMs?: number;
}

export interface TaskDefinition<Loaded = unknown> {
  readonly name: string;
  readonly schedule?: Schedule;
  /** Attempts before it is a dead letter; default from the runtime's retry policy. */
  readonly maxAttempts?: number;
  /**
   * Up to so many due tasks run in one transaction, at a fraction of the cost of one each. Their effects commit together or not
   * at all; when one fails, all are run again one by one, so that each fails alone. For tasks of SQL alone: not with `load`,
   * `schedule` or `pauseLaneMs`. Default 1, at most 1,000.
   */
  readonly batchSize?: number;
  /** Time for `load`, in milliseconds; default 5,000. Well under the lease of 30 s. */
  readonly loadTimeoutMs?: number;
  /** The wait after the given attempt failed (1 for the first), in place of the runtime's retry policy. */
  retryDelayMs?(attempt: number): number;
  /** After a success its lane rests this long: the pace of a rate-limited receiver. */
  pauseLaneMs?(payload: TaskPayload, loaded: Loaded): number;
  /** Whatever must talk to a network. No transaction is open; it may run again after a crash. */
  load?(context: LoadContext): Promise<Loaded>;
  /** The effect: SQL only. It commits together with the task's completion. Its answer is kept as the task's result. */
  run(context: RunContext<Loaded>): Promise<unknown>;
  /** Called in the transaction that buries the task. */
  onDead?(context: { tx: Queryable; taskId: number; payload: TaskPayload; error: string }): Promise<void>;
}

const MAX_BATCH_SIZE = 1_000;

/** @throws invalid_request */
export function checkBatchSize({ name, batchSize = 1, load, schedule, pauseLaneMs }: TaskDefinition): void {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > MAX_BATCH_SIZE) {
    throw new TallystickError("invalid_request", `batchSize of task ${name} must be a whole number from 1 to 1,000.`);
  }
  if (batchSize > 1 && (load ?? schedule ?? pauseLaneMs) !== undefined) {
    throw new TallystickError(
      "invalid_request",
      `Task ${name} has a batchSize, so it can have neither load, schedule nor pauseLaneMs.`,
    );
  }
}

/** Declares a task; the identity function that gives a definition its types. */
export function defineTask<Loaded = undefined>(definition: TaskDefinition<Loaded>): TaskDefinition<Loaded> {
  return definition;
}

/** How a handler directs its task instead of merely failing. */
export class TaskDirective extends Error {
  override readonly name = "TaskDirective";
  readonly directive: "retry_later" | "discard";
  readonly delayMs: number;
  readonly pauseLane: boolean;

  constructor(directive: "retry_later" | "discard", reason: string, delayMs = 0, pauseLane = false) {
    super(reason);
    this.directive = directive;
    this.delayMs = delayMs;
    this.pauseLane = pauseLane;
  }
}

/** Thrown by a handler: try again after the delay, no attempt counted; with `pauseLane` the whole lane waits. */
export function retryLater(reason: string, delayMs: number, pauseLane = false): TaskDirective {
  return new TaskDirective("retry_later", reason, delayMs, pauseLane);
}

/** Thrown by a handler: no retry can help; the task becomes a dead letter now. */
export function discard(reason: string): TaskDirective {
  return new TaskDirective("discard", reason);
}
