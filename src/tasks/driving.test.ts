// Answering a driver's wake: everything that is due is run, and what is left gets a wake of its own.
import { afterEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { createTestEngine } from "../../test/support/engine.ts";
import { defineTask, type Driver, type Tallystick, type Wake } from "../index.ts";

let tally: Tallystick;
let handed: Wake[];
const ran: string[] = [];

afterEach(async () => {
  await tally.close();
  ran.length = 0;
});

async function start(more: Partial<Driver> = {}, run?: () => Promise<void>, pauseMs = 0): Promise<void> {
  handed = [];
  const driver: Driver = {
    name: "recorder",
    wake: async (wakes) => void handed.push(...wakes),
    check: async () => undefined,
    close: async () => undefined,
    ...more,
  };
  const note = defineTask({
    name: "note",
    pauseLaneMs: () => pauseMs,
    async run({ payload }) {
      await run?.();
      ran.push(String(payload["label"]));
    },
  });
  const retry = { baseDelayMs: 60_000, maxDelayMs: 60_000, maxAttempts: 3 };
  ({ tally } = await createTestEngine({ database: await createTestDatabase(), tasks: [note], retry, driver }));
}

const enqueue = async (label: string, lane?: string, runAt?: Date): Promise<string> => {
  const given = { name: "note", payload: { label }, ...(lane !== undefined && { lane }), ...(runAt && { runAt }) };
  return (await tally.tasks.enqueue(given)).taskId;
};

/** All that was handed over since the last call. */
const taken = (): Wake[] => handed.splice(0);

describe("answering a wake", () => {
  it("runs all that is due, and needs no further wake", async () => {
    await start();
    await enqueue("0");
    await enqueue("1", "ada");
    await enqueue("2", "ada");
    await tally.wake();
    expect(taken()).toHaveLength(3);
    expect(await tally.answerWake()).toMatchObject({ processed: 3, done: 3, remaining: 0, nextRunAt: null });
    expect(ran.toSorted()).toEqual(["0", "1", "2"]);
    expect(taken()).toEqual([]);
  });

  it("has one wake sent for what is due and was not reached in time, in a lane and without one", async () => {
    await start({}, async () => new Promise((resolve) => setTimeout(resolve, 60)));
    for (const lane of [undefined, "ada"]) {
      for (let label = 0; label < 30; label += 1) await enqueue(String(label), lane);
      await tally.wake();
      taken();
      const { processed, remaining } = await tally.answerWake({ budgetMs: 50 });
      expect(processed).toBeGreaterThan(0);
      expect(remaining).toBeGreaterThan(0);
      const wakes = taken();
      expect(wakes[0]).toEqual({ taskId: expect.any(String), lane: lane ?? null, delayMs: 0 });
      expect(wakes).toHaveLength(1);
      await tally.drain();
    }
  });

  it("has a wake sent for a retry, with its delay", async () => {
    await start({}, async () => {
      throw new Error("not today");
    });
    const taskId = await enqueue("0");
    await tally.wake();
    taken();
    await tally.answerWake();
    expect(taken()).toEqual([{ taskId, lane: null, delayMs: expect.any(Number) }]);
  });

  it("has a wake sent for the end of a lane's pause, for the next task of the lane alone", async () => {
    await start({}, undefined, 30_000);
    const [, second] = [await enqueue("0", "channel"), await enqueue("1", "channel"), await enqueue("2", "channel")];
    await tally.wake();
    taken();
    await tally.answerWake();
    const wakes = taken();
    expect(wakes).toEqual([{ taskId: second, lane: "channel", delayMs: expect.any(Number) }]);
    expect(wakes[0]?.delayMs).toBeGreaterThan(25_000);
  });

  it("looks again for what is due in a moment", async () => {
    await start();
    await enqueue("0", undefined, new Date(Date.now() + 150));
    await tally.wake();
    expect(await tally.answerWake()).toMatchObject({ processed: 1 });
  });

  it("hands on what its tasks enqueued", async () => {
    let followed: string | undefined;
    await start({}, async () => {
      followed ??= await enqueue("later", undefined, new Date(Date.now() + 60_000));
    });
    await enqueue("0");
    await tally.wake();
    taken();
    await tally.answerWake();
    expect(taken()).toEqual([{ taskId: followed, lane: null, delayMs: expect.any(Number) }]);
  });

  it("while the engine is closed ends with the task that runs, and has the rest woken", async () => {
    let closed: Promise<void> | undefined;
    await start({}, async () => {
      closed ??= tally.close();
    });
    await enqueue("0", "ada");
    const second = await enqueue("1", "ada");
    await tally.wake();
    taken();
    await tally.answerWake();
    await closed;
    expect(ran).toEqual(["0"]);
    expect(taken()).toEqual([{ taskId: second, lane: "ada", delayMs: 0 }]);
  });

  it("once it is told to stop begins nothing more, and hands nothing on", async () => {
    const stop = new AbortController();
    await start({}, async () => stop.abort());
    for (const label of ["0", "1"]) await enqueue(label, "ada", new Date(Date.now() + (label === "0" ? 0 : 200)));
    expect(await tally.answerWake({ signal: stop.signal })).toMatchObject({ processed: 1 });
    expect(taken()).toEqual([]);
  });
});

describe("the driver's handler", () => {
  it("gives the driver the request and what it may do, and answers as it says", async () => {
    await start({
      async receive(request, { answer }) {
        return Response.json({ path: new URL(request.url).pathname, processed: (await answer()).processed });
      },
    });
    await enqueue("0");
    const response = await tally.handlers.driver(new Request("http://app.test/api/driver", { method: "POST" }));
    expect(await response.json()).toEqual({ path: "/api/driver", processed: 1 });
  });

  it("answers what the driver throws as an error, without its text", async () => {
    await start({
      async receive() {
        throw new Error("secret");
      },
    });
    const response = await tally.handlers.driver(new Request("http://app.test/api/driver", { method: "POST" }));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });
});
