// Coalescing: the concurrent consume calls of one process become batches, as a database commits many transactions with one
// write. While a batch is under way the next gathers; a call that finds nothing under way is sent at once.
import { TallystickError } from "../kernel/errors.ts";
import type { ConsumeInput, ConsumeResult } from "./consume.ts";
import { MAX_ITEMS, type ConsumeOutcome } from "./consume-many.ts";
import { invalid } from "./input.ts";

export interface CoalesceOptions {
  /** Calls in one batch at the most, 1 to 10,000; default 500. */
  readonly maxBatch?: number | undefined;
  /** Batches under way at once, each on a connection of its own, never two with the same account; default 2. */
  readonly maxInFlight?: number | undefined;
  /** Calls that may wait to be sent; one more is refused as overloaded. Default 10,000. */
  readonly maxQueue?: number | undefined;
  /** How long a batch that could be sent goes on gathering unless it is full; default 0 ms: only the present turn of the event loop. */
  readonly maxWaitMs?: number | undefined;
}

export interface CoalescedConsume extends AsyncDisposable {
  /**
   * Consumes as `credits.consume` does, with its errors and its idempotency; calls for one account act in the order in
   * which they were made. What a whole batch fails with, such as lock_timeout, rejects each of its calls: none of them
   * consumed. It can't join a caller's transaction.
   * @throws overloaded when too many calls wait; invalid_state after close; and what `credits.consume` throws
   */
  consume(input: ConsumeInput): Promise<ConsumeResult>;
  /** Refuses new calls, and returns when those made before are settled. */
  close(): Promise<void>;
}

interface Consumer {
  consumeMany(items: readonly ConsumeInput[]): Promise<ConsumeOutcome[]>;
}

interface Call {
  readonly input: ConsumeInput;
  readonly account: string;
  readonly settled: PromiseWithResolvers<ConsumeResult>;
}

/** Makes a coalescing consume for accounts on which a process spends often. Keep one for the life of the process. */
export function coalesceConsume(credits: Consumer, options: CoalesceOptions = {}): CoalescedConsume {
  const { maxBatch = 500, maxInFlight = 2, maxQueue = 10_000, maxWaitMs = 0 } = options;
  checkWhole("maxBatch", maxBatch, 1, MAX_ITEMS);
  checkWhole("maxInFlight", maxInFlight, 1, 100);
  checkWhole("maxQueue", maxQueue, 1, 1_000_000);
  checkWhole("maxWaitMs", maxWaitMs, 0, 60_000);
  const busy = new Set<string>();
  const idle: (() => void)[] = [];
  let waiting: Call[] = [];
  let inFlight = 0;
  let gathering: Gathering | undefined;
  let closed = false;

  async function consume(input: ConsumeInput): Promise<ConsumeResult> {
    if (closed) throw new TallystickError("invalid_state", "This consumer is closed.");
    if (waiting.length >= maxQueue) {
      throw new TallystickError("overloaded", `${maxQueue} calls wait already; try again later.`);
    }
    const settled = Promise.withResolvers<ConsumeResult>();
    waiting.push({ input, account: `${input.unit ?? "credit"} ${input.userId}`, settled });
    gather();
    return settled.promise;
  }

  function gather(): void {
    if (waiting.length === 0 || inFlight >= maxInFlight) return;
    const urgent = maxWaitMs === 0 || waiting.length >= maxBatch || closed;
    if (gathering !== undefined && (gathering.urgent || !urgent)) return;
    gathering?.stop();
    gathering = urgent ? atOnce(send) : after(maxWaitMs, send);
  }

  function send(): void {
    gathering = undefined;
    const batch: Call[] = [];
    const rest: Call[] = [];
    for (const call of waiting) (batch.length < maxBatch && !busy.has(call.account) ? batch : rest).push(call);
    waiting = rest;
    if (batch.length > 0) void run(batch);
  }

  async function run(batch: readonly Call[]): Promise<void> {
    inFlight += 1;
    for (const { account } of batch) busy.add(account);
    try {
      settle(batch, await credits.consumeMany(batch.map(({ input }) => input)));
    } catch (error) {
      for (const { settled } of batch) settled.reject(error);
    }
    inFlight -= 1;
    for (const { account } of batch) busy.delete(account);
    gather();
    if (inFlight === 0 && waiting.length === 0) for (const resolve of idle.splice(0)) resolve();
  }

  async function close(): Promise<void> {
    closed = true;
    if (inFlight === 0 && waiting.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    idle.push(resolve);
    gather();
    await promise;
  }

  return { consume, close, [Symbol.asyncDispose]: close };
}

interface Gathering {
  readonly urgent: boolean;
  stop(): void;
}

// Runs after all callers that the last batch has answered, so that their next calls are in the next batch.
function atOnce(send: () => void): Gathering {
  const immediate = setImmediate(send);
  return { urgent: true, stop: () => clearImmediate(immediate) };
}

// Exists only while a call waits, so that nothing keeps a process alive that has nothing to do.
function after(ms: number, send: () => void): Gathering {
  const timer = setTimeout(send, ms);
  return { urgent: false, stop: () => clearTimeout(timer) };
}

function settle(batch: readonly Call[], outcomes: readonly ConsumeOutcome[]): void {
  for (const [place, { settled }] of batch.entries()) {
    const outcome = outcomes[place];
    if (outcome === undefined) throw new TallystickError("internal", "the batch answered too few outcomes");
    if (outcome.ok) {
      const { ok: _ok, ...result } = outcome;
      settled.resolve(result);
    } else {
      settled.reject(outcome.error);
    }
  }
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be a whole number from ${least} to ${most}.`);
  }
}
