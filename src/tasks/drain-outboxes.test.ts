import { describe, expect, it } from "vitest";
import type { DrainResult } from "./drain.ts";
import { drainOutboxes } from "./drain-outboxes.ts";

const counts: DrainResult = { processed: 1, done: 1, failed: 0, dead: 0, remaining: 0, nextRunAt: null };

describe("a drain", () => {
  it("whose outbox can't be told of tells of the others and runs the tasks, and fails at the end with the first reason", async () => {
    const seen: string[] = [];
    const drain = drainOutboxes(async () => {
      seen.push("tasks");
      return counts;
    }, [
      async () => {
        seen.push("first");
        throw new Error("the first is broken");
      },
      async () => {
        seen.push("second");
        return 1;
      },
    ]);
    await expect(drain()).rejects.toThrow("the first is broken");
    expect(seen).toEqual(["first", "second", "tasks", "first", "second", "tasks"]);
  });

  it("counts what both of its rounds did, and has one round where nothing was told in between", async () => {
    const told = [1, 0];
    const drain = drainOutboxes(async () => counts, [async () => told.shift() ?? 0]);
    expect(await drain()).toMatchObject({ processed: 1, done: 1 });
    told.push(1, 1);
    expect(await drain()).toMatchObject({ processed: 2, done: 2 });
  });
});
