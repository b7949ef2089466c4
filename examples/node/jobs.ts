// The product's own tasks: work that a service does, at once for a user who paid for it, and every night.
import { defineTask, type TaskDefinition } from "tallystick";
import type { Settings } from "./settings.ts";

export const JOB_TASK = "job";
export const JOB_CREDITS = 3;
// Well under the lease of 30 seconds; the units and the compose file give a stop longer than both.
export const LOAD_TIMEOUT_MS = 20_000;

export function jobs({ jobServiceUrl, nightlyCron }: Settings): TaskDefinition[] {
  if (jobServiceUrl === undefined) return [];

  /** The task's id lets the service know work that it has begun before: a task whose worker died is run again. */
  async function ask(name: string, taskId: number, payload: object, signal: AbortSignal): Promise<string> {
    const response = await fetch(jobServiceUrl ?? "", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": String(taskId) },
      body: JSON.stringify({ name, ...payload }),
      signal,
    });
    if (!response.ok) throw new Error(`the job service answered ${response.status}`);
    return response.text();
  }

  return [
    defineTask<string>({
      name: JOB_TASK,
      loadTimeoutMs: LOAD_TIMEOUT_MS,
      load: async ({ taskId, payload, signal }) => ask(JOB_TASK, taskId, payload, signal),
      run: async ({ loaded }) => ({ output: loaded }),
    }),
    defineTask<string>({
      name: "nightly",
      // Of nights in which nothing ran too.
      schedule: { cron: nightlyCron, missed: "all" },
      loadTimeoutMs: LOAD_TIMEOUT_MS,
      load: async ({ taskId, payload, signal }) => ask("nightly", taskId, payload, signal),
      run: async ({ loaded }) => ({ output: loaded }),
    }),
  ];
}
