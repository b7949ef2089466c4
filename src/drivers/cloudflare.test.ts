// What goes to a queue's binding, and what becomes of the messages of a batch.
import { expect, it, vi } from "vitest";
import type { Wake } from "../tasks/wake.ts";
import { cloudflareQueue, consumeQueue, type QueueProducer } from "./cloudflare.ts";

function recorder() {
  const sent: unknown[][] = [];
  const queue: QueueProducer = {
    sendBatch: async (messages) => void sent.push([...messages]),
  };
  return { sent, queue };
}

function batchOf(bodies: readonly unknown[]) {
  const fates: string[] = bodies.map(() => "left");
  const messages = bodies.map((body, index) => ({
    body,
    ack() {
      fates[index] = "acknowledged";
    },
    retry({ delaySeconds = 0 } = {}) {
      fates[index] = `again in ${delaySeconds} s`;
    },
  }));
  return { fates, messages };
}

const drained = { processed: 1, done: 1, failed: 0, dead: 0, remaining: 0, nextRunAt: null };
const engine = () => ({ answerWake: vi.fn<() => Promise<typeof drained>>(async () => drained) });
const wakeAfter = (delayMs: number): Wake => ({ taskId: "1", lane: "customer-1", delayMs });

it("sends a task's id and nothing else, with its delay in whole seconds, rounded up, for twelve hours at most", async () => {
  const { sent, queue } = recorder();
  await cloudflareQueue({ queue }).wake([0, 1_001, 30 * 24 * 3_600_000].map(wakeAfter));
  expect(sent).toEqual([
    [
      { body: { taskId: "1" }, contentType: "json" },
      { body: { taskId: "1" }, contentType: "json", delaySeconds: 2 },
      { body: { taskId: "1" }, contentType: "json", delaySeconds: 43_200 },
    ],
  ]);
});

it("sends 250 wakes in batches of 100 at most", async () => {
  const { sent, queue } = recorder();
  await cloudflareQueue({ queue }).wake(Array.from({ length: 250 }, () => wakeAfter(0)));
  expect(sent.map(({ length }) => length)).toEqual([100, 100, 50]);
});

it("fails when the queue does, so that the wakes come again", async () => {
  const queue = { sendBatch: async () => Promise.reject(new Error("Too Many Requests")) };
  await expect(cloudflareQueue({ queue }).wake([wakeAfter(0)])).rejects.toThrow("Too Many Requests");
});

it("asks for the binding of the present request each time", async () => {
  const [first, second] = [recorder(), recorder()];
  const queue = vi.fn<() => QueueProducer>().mockReturnValueOnce(first.queue).mockReturnValueOnce(second.queue);
  const driver = cloudflareQueue({ queue });
  await driver.wake([wakeAfter(0)]);
  await driver.wake([wakeAfter(0)]);
  expect([first.sent.length, second.sent.length]).toEqual([1, 1]);
});

it("tells of a binding that is not there", async () => {
  await expect(cloudflareQueue({ queue: recorder().queue }).check()).resolves.toBeUndefined();
  await expect(cloudflareQueue({ queue: () => undefined }).check()).rejects.toThrow("there is no queue binding here");
});

it("answers a batch with one drain, and acknowledges each of its wakes", async () => {
  const tally = engine();
  const batch = batchOf([{ taskId: "1" }, { taskId: "2" }]);
  await consumeQueue(tally, batch, { budgetMs: 2_000 });
  expect(tally.answerWake).toHaveBeenCalledExactlyOnceWith({ budgetMs: 2_000 });
  expect(batch.fates).toEqual(["acknowledged", "acknowledged"]);
});

it("has each wake of a batch come again in a moment when it could not be answered, and tells why", async () => {
  const tally = engine();
  tally.answerWake.mockRejectedValue(new Error("the database is away"));
  const batch = batchOf([{ taskId: "1" }, { taskId: "2" }]);
  await expect(consumeQueue(tally, batch)).rejects.toThrow("the database is away");
  expect(batch.fates).toEqual(["again in 10 s", "again in 10 s"]);
});

it("leaves messages that are no wakes to the product, and drains for none of them", async () => {
  const tally = engine();
  const foreign = ["text", null, 7, {}, { taskId: 7 }];
  const batch = batchOf(foreign);
  await consumeQueue(tally, batch);
  expect(tally.answerWake).not.toHaveBeenCalled();
  const mixed = batchOf([...foreign, { taskId: "1" }]);
  await consumeQueue(tally, mixed);
  expect([batch.fates, mixed.fates]).toEqual([
    foreign.map(() => "left"),
    [...foreign.map(() => "left"), "acknowledged"],
  ]);
});
