// Cloudflare Queues as driver: each wake is a message, which the Worker's `queue` handler answers.
import type { Driver } from "tallystick";
import type { Queue } from "./env.ts";

// Limits of Queues: messages of one sendBatch, and the longest delay of one.
const MAX_MESSAGES = 100;
const MAX_DELAY_SECONDS = 43_200;

export function queueDriver(queue: Queue): Driver {
  return {
    name: "cloudflare-queues",
    async wake(wakes) {
      // A wake that comes too early does nothing, and the tick runs its task.
      const messages = wakes.map(({ taskId, delayMs }) => ({
        body: { taskId },
        delaySeconds: Math.min(Math.ceil(delayMs / 1000), MAX_DELAY_SECONDS),
      }));
      for (let sent = 0; sent < messages.length; sent += MAX_MESSAGES) {
        await queue.sendBatch(messages.slice(sent, sent + MAX_MESSAGES));
      }
    },
    // A binding has nothing to ask; a queue that is away fails the wake.
    check: async () => undefined,
    close: async () => undefined,
  };
}
