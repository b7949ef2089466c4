// examples/trigger, as Trigger.dev's workers run it: what its tasks declare, and what they do, on a database.
import { runInMockTaskContext } from "@trigger.dev/core/v3/test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import config from "../../examples/trigger/trigger.config.ts";
import { trigger } from "../../src/drivers/trigger.ts";
import { defineTask, type Tallystick } from "../../src/index.ts";
import { TRIGGER_KEY } from "../driver-conformance/drivers.ts";
import { startTrigger } from "../driver-conformance/trigger-service.ts";
import { hostTally } from "../driver-conformance/trigger-tally.ts";
import { exampleTasks } from "../driver-conformance/trigger-worker.ts";
import { createTestEngine } from "../support/engine.ts";

vi.mock("../../examples/trigger/tally.ts", async () => import("../driver-conformance/trigger-tally.ts"));

let service: Awaited<ReturnType<typeof startTrigger>>;
let tally: Tallystick;
const ran: string[] = [];

beforeEach(async () => {
  service = await startTrigger();
  const note = defineTask({ name: "note", run: async ({ payload }) => void ran.push(String(payload["label"])) });
  const parent = defineTask({
    name: "parent",
    async run({ tx }) {
      const runAt = new Date(Date.now() + 3_600_000);
      await tally.tasks.enqueue({ name: "note", payload: { label: "child" }, runAt }, { tx });
    },
  });
  const driver = trigger({ accessToken: TRIGGER_KEY, baseURL: service.url });
  ({ tally } = await createTestEngine({ tasks: [note, parent], driver, proof: false, reconcile: false }));
  hostTally(tally);
});
afterEach(async () => {
  await tally.close();
  await service.end();
  ran.length = 0;
});

async function run(task: string, payload: unknown): Promise<unknown> {
  const catalog = await exampleTasks();
  const { signal } = new AbortController();
  return runInMockTaskContext(async ({ ctx }) => catalog.getTask(task)?.fns.run(payload, { ctx, signal }));
}

describe("the example's tasks", () => {
  it("are found where its configuration has Trigger.dev look", () => {
    expect(config).toMatchObject({ dirs: ["./trigger"], maxDuration: 300 });
  });

  it("declare their limits, retries and the minute's schedule", async () => {
    const manifests = (await exampleTasks()).listTaskManifests();
    expect(manifests.toSorted((a, b) => a.id.localeCompare(b.id))).toMatchObject([
      { id: "tallystick-tick", triggerSource: "schedule", schedule: { cron: "* * * * *", timezone: "UTC" } },
      {
        id: "tallystick-wake",
        concurrency: { inline: { perKey: 5, total: 10 } },
        retry: { maxAttempts: 3, factor: 2, minTimeoutInMs: 1_000, maxTimeoutInMs: 30_000 },
      },
    ]);
  });

  it("run what is due when a wake comes, and tell what they did", async () => {
    const { taskId } = await tally.tasks.enqueue({ name: "note", payload: { label: "0" } });
    expect(await run("tallystick-wake", { taskId, lane: null })).toMatchObject({ processed: 1, done: 1 });
    expect(ran).toEqual(["0"]);
  });

  it("hand on the wakes of what their tasks enqueue, as runs of nobody's", async () => {
    const { taskId } = await tally.tasks.enqueue({ name: "parent" });
    await run("tallystick-wake", { taskId, lane: null });
    const bodies = service.requests.map(({ body }) => body);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toContain('\\"lane\\":null');
    expect(bodies.join("\n")).not.toContain("parentRunId");
  });

  it("tick by the schedule, which runs what was never woken", async () => {
    await tally.tasks.enqueue({ name: "note", payload: { label: "0" } });
    await run("tallystick-tick", { timestamp: new Date() });
    expect(ran).toEqual(["0"]);
  });
});
