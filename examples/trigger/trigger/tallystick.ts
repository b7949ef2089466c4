// What Trigger.dev runs for Tallystick: a task that answers wakes, and a schedule that ticks.
import { schedules, task } from "@trigger.dev/sdk";
import { tally } from "../tally.js";

/** The driver's wakes are runs of this; its id is the driver's `taskId`. */
export const tallystickWake = task({
  id: "tallystick-wake",
  // perKey: runs at once of one lane, and of all tasks without one. Order is kept by the claim, whatever these are.
  concurrency: { perKey: 5, total: 10 },
  retry: { maxAttempts: 3, factor: 2, minTimeoutInMs: 1_000, maxTimeoutInMs: 30_000, randomize: true },
  run: async (_wake: { taskId: string; lane: string | null }, { signal }) =>
    tally.answerWake({ budgetMs: 20_000, signal }),
});

/** Once a minute: schedules, maintenance, and whatever is due and was not woken. */
export const tallystickTick = schedules.task({
  id: "tallystick-tick",
  cron: "* * * * *",
  concurrency: { total: 1 },
  retry: { maxAttempts: 1 },
  run: async () => {
    await tally.tick();
    // What the tick enqueued, or put off, goes out before the run counts as done.
    await tally.wake();
  },
});
