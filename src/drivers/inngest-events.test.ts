// What goes to Inngest's event API.
import { expect, it } from "vitest";
import type { Wake } from "../index.ts";
import { dueEvents } from "./inngest-events.ts";

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const wake = (more: Partial<Wake> = {}): Wake => ({ taskId: "7", lane: null, delayMs: 0, ...more });

it("makes one event of each wake, due when its task is", () => {
  const [events = []] = dueEvents([wake(), wake({ taskId: "8", lane: "ada", delayMs: 1_500.2 })], NOW_MS);
  expect(events).toEqual([
    {
      id: expect.stringMatching(/^7-/),
      name: "tallystick/task.due",
      data: { taskId: "7", lane: null, key: "task:7" },
      ts: NOW_MS,
    },
    {
      id: expect.stringMatching(/^8-/),
      name: "tallystick/task.due",
      data: { taskId: "8", lane: "ada", key: "lane:ada" },
      ts: NOW_MS + 1_501,
    },
  ]);
});

it("gives a task without a lane a key that no lane has", () => {
  const keys = dueEvents([wake({ taskId: "7" }), wake({ taskId: "8", lane: "7" })])[0]?.map(({ data }) => data.key);
  expect(new Set(keys).size).toBe(2);
});

it("gives the wake of a task's retry another id than the wake before it, or Inngest would drop it", () => {
  const ids = [dueEvents([wake()]), dueEvents([wake()])].map((batches) => batches[0]?.[0]?.id);
  expect(new Set(ids).size).toBe(2);
});

it("asks for no longer delay than Inngest's free plan takes", () => {
  expect(dueEvents([wake({ delayMs: 40 * DAY_MS })], NOW_MS)[0]?.[0]?.ts).toBe(NOW_MS + 7 * DAY_MS);
});

it("sends at most 500 events in a request, in their order", () => {
  const batches = dueEvents(Array.from({ length: 1_001 }, (_, index) => wake({ taskId: String(index) })));
  expect(batches.map((batch) => batch.length)).toEqual([500, 500, 1]);
  expect(batches.flat().map(({ data }) => data.taskId)).toEqual(
    Array.from({ length: 1_001 }, (_, index) => String(index)),
  );
});

it("sends at most 256,000 bytes in a request, however long the lanes' names are", () => {
  const batches = dueEvents(Array.from({ length: 300 }, () => wake({ lane: "ü".repeat(500) })));
  expect(batches.flat()).toHaveLength(300);
  expect(batches.length).toBeGreaterThan(1);
  for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThanOrEqual(256_001);
});

it("sends nothing for no wakes", () => {
  expect(dueEvents([])).toEqual([]);
});
