// The runs that the stand-in of Trigger.dev holds: delays, idempotency keys, the limits and retries that the deployed tasks
// declare, and delivery to the worker.
import { randomUUID } from "node:crypto";

export interface RunOptions {
  readonly concurrencyKey?: string;
  readonly delay?: string;
  readonly idempotencyKey?: string;
  readonly payloadType?: string;
}

/** What a task declares, as its manifest has it. */
export interface Declared {
  readonly id: string;
  readonly concurrency?: { readonly inline?: { readonly perKey?: number; readonly total?: number } };
  readonly retry?: { readonly maxAttempts?: number; readonly minTimeoutInMs?: number; readonly factor?: number };
}

interface Run {
  readonly id: string;
  readonly task: string;
  readonly payload: unknown;
  readonly options: RunOptions;
  attempt: number;
  dueAt: number;
}

const never = Number.POSITIVE_INFINITY;
const RETRY_DEFAULT = { maxAttempts: 3, minTimeoutInMs: 1_000, factor: 2 };

export function holdRuns() {
  let runs = new Map<string, Run>();
  let keys = new Map<string, string>();
  let running = new Set<Run>();
  let worker: { readonly url: string; readonly tasks: ReadonlyMap<string, Declared> } | undefined;
  let isUp = true;

  function add(task: string, payload: unknown, options: RunOptions): { id: string; isCached: boolean } {
    const key = options.idempotencyKey && `${task} ${options.idempotencyKey}`;
    const known = key && keys.get(key);
    if (known) return { id: known, isCached: true };
    const id = `run_${randomUUID()}`;
    const dueAt = options.delay === undefined ? Date.now() : Date.parse(options.delay);
    runs.set(id, { id, task, payload, options, attempt: 1, dueAt });
    if (key) keys.set(key, id);
    startDueAt(dueAt);
    return { id, isCached: false };
  }

  function startDueAt(at: number): void {
    // A timer may fire a millisecond before the clock says so.
    setTimeout(() => (Date.now() < at ? startDueAt(at) : startDue()), Math.max(0, at - Date.now())).unref();
  }

  function startDue(): void {
    if (!isUp || worker === undefined) return;
    for (const run of runs.values()) {
      if (running.has(run) || run.dueAt > Date.now() || !hasRoom(run)) continue;
      running.add(run);
      void execute(run, worker.url);
    }
  }

  function hasRoom({ task, options }: Run): boolean {
    const { perKey = never, total = never } = worker?.tasks.get(task)?.concurrency?.inline ?? {};
    const ofTask = [...running].filter((run) => run.task === task);
    const ofKey = ofTask.filter((run) => run.options.concurrencyKey === options.concurrencyKey);
    return ofTask.length < total && ofKey.length < perKey;
  }

  async function execute(run: Run, url: string): Promise<void> {
    const body = JSON.stringify({ task: run.task, payload: run.payload });
    const isDone = await fetch(url, { method: "POST", body }).then(
      ({ ok }) => ok,
      () => false,
    );
    running.delete(run);
    const retry = { ...RETRY_DEFAULT, ...worker?.tasks.get(run.task)?.retry };
    if (!isDone && run.attempt < retry.maxAttempts) {
      run.dueAt = Date.now() + retry.minTimeoutInMs * retry.factor ** (run.attempt - 1);
      run.attempt += 1;
      startDueAt(run.dueAt);
    } else {
      runs.delete(run.id);
      // A run that failed gives its key free; one that succeeded keeps it.
      if (!isDone) keys.delete(`${run.task} ${run.options.idempotencyKey}`);
    }
    startDue();
  }

  return {
    add,
    lose(): void {
      runs = new Map();
      keys = new Map();
      running = new Set();
    },
    setUp(up: boolean): void {
      isUp = up;
      startDue();
    },
    /** A deployment: from here on this worker gets the runs, under what its tasks declare. */
    deploy(url: string, tasks: readonly Declared[]): void {
      worker = { url, tasks: new Map(tasks.map((task) => [task.id, task])) };
      startDue();
    },
    undeploy(): void {
      worker = undefined;
    },
    hasWorker: (): boolean => worker !== undefined && isUp,
  };
}
