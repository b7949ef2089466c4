// Schedules: which slots are due in which zone, what becomes of missed ones, and that each slot is claimed once.
import { describe, expect, it } from "vitest";
import { setUp, type Setup } from "../../test/flows/setup.ts";
import { startReceiver } from "../../test/receiver.ts";
import { createTallystick } from "../index.ts";
import { slack } from "../notification/slack.ts";
import type { TallystickOptions } from "../options.ts";
import { testCatalog } from "../../test/support/engine.ts";
import { divideSlots, slotsAfter } from "./schedules.ts";
import { defineTask, type Schedule } from "./task.ts";

const iso = (dates: readonly Date[]): string[] => dates.map((date) => date.toISOString().slice(0, 16));

describe("slotsAfter", () => {
  it("answers the slots after the last one up to now, both ends exact", () => {
    const slots = slotsAfter({ cron: "0 * * * *" }, new Date("2026-03-01T10:00:00Z"), new Date("2026-03-01T13:00:00Z"));
    expect(iso(slots)).toEqual(["2026-03-01T11:00", "2026-03-01T12:00", "2026-03-01T13:00"]);
    expect(
      slotsAfter({ cron: "0 * * * *" }, new Date("2026-03-01T10:00:00Z"), new Date("2026-03-01T10:59:59Z")),
    ).toEqual([]);
  });

  it("reads the expression in its zone, over the change to summer time", () => {
    const schedule = { cron: "0 9 * * *", timeZone: "Europe/Berlin" };
    const slots = slotsAfter(schedule, new Date("2026-03-27T12:00:00Z"), new Date("2026-03-30T12:00:00Z"));
    expect(iso(slots)).toEqual(["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"]);
    expect(
      iso(slotsAfter({ cron: "0 9 * * *" }, new Date("2026-03-27T12:00:00Z"), new Date("2026-03-28T12:00:00Z"))),
    ).toEqual(["2026-03-28T09:00"]);
  });

  it("takes expressions with seconds, and keeps the latest 1,500 of very many", () => {
    const slots = slotsAfter(
      { cron: "*/10 * * * * *" },
      new Date("2026-01-01T00:00:00Z"),
      new Date("2026-01-01T10:00:00Z"),
    );
    expect(slots).toHaveLength(1500);
    expect(slots.at(-1)?.toISOString()).toBe("2026-01-01T10:00:00.000Z");
  });
});

describe("divideSlots", () => {
  const now = new Date("2026-03-01T13:30:00Z");
  const slots = [11, 12, 13].map((hour) => new Date(`2026-03-01T${hour}:00:00Z`));
  it.each([
    ["once", 3_600_000, [13], [11, 12]],
    ["all", 3_600_000, [11, 12, 13], []],
    ["skip", 3_600_000, [13], [11, 12]],
    ["skip", 60_000, [], [11, 12, 13]],
    [undefined, undefined, [13], [11, 12]],
  ] as const)("policy %s with a grace of %s ms runs %j and misses %j", (missed, graceMs, run, missing) => {
    const schedule: Schedule = { cron: "0 * * * *", ...(missed && { missed }), ...(graceMs && { graceMs }) };
    const divided = divideSlots(schedule, slots, now);
    expect(divided.run.map((slot) => slot.getUTCHours())).toEqual(run);
    expect(divided.missed.map((slot) => slot.getUTCHours())).toEqual(missing);
  });
});

describe("a schedule that is none", () => {
  it.each([
    ["a nonsense expression", { cron: "every day" }],
    ["too few fields", { cron: "* * *" }],
    ["an unknown zone", { cron: "0 0 * * *", timeZone: "Mars/Olympus" }],
  ])("is refused when the engine is made: %s", (_, schedule) => {
    const make = (): unknown =>
      createTallystick({
        database: "postgres://localhost/none",
        catalog: testCatalog,
        tasks: [defineTask({ name: "report", schedule, run: async () => undefined })],
      });
    expect(make).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining("report") as string }),
    );
  });
});

/** An engine with one schedule, first seen at 10:30 of a day, on a clock that the test moves. */
async function withSchedule(schedule: Schedule, options: Partial<TallystickOptions> = {}) {
  let now = new Date("2026-03-01T10:30:00Z");
  // Each transaction a moment after the one before, so that ticks at once are told apart.
  const clock = (): Date => (now = new Date(now.getTime() + 1));
  const ran: string[] = [];
  const report = defineTask({
    name: "report",
    schedule,
    async run({ payload }) {
      ran.push(String(payload["dueAt"]).slice(0, 16));
      return { rows: 3 };
    },
  });
  const full = { payment: undefined, tasks: [report], clock, maxTickGapMs: 365 * 86_400_000, ...options };
  const setup = await setUp(full);
  await setup.tally.tick();
  return {
    ...setup,
    ran,
    another: async (): Promise<Setup> => setUp({ ...full, database: setup.databaseUrl }),
    moveTo(time: string) {
      now = new Date(time);
    },
    async slots() {
      return setup.sql.query<{
        due_at: Date;
        status: string;
        counts: unknown;
        started_at: Date | null;
        finished_at: Date | null;
      }>(
        "select due_at, status, counts, started_at, finished_at from tallystick.schedule_run where task_name = 'report' order by due_at",
      );
    },
  };
}

describe("a tick", () => {
  it("owes nothing from before it first saw a schedule, and runs the next slot", async () => {
    const test = await withSchedule({ cron: "0 * * * *" });
    expect(test.ran).toEqual([]);
    test.moveTo("2026-03-01T10:59:59Z");
    expect(await test.tally.tick()).toMatchObject({ slots: 0 });
    test.moveTo("2026-03-01T11:00:00Z");
    expect(await test.tally.tick()).toMatchObject({ slots: 1, tasks: { done: 1 } });
    expect(test.ran).toEqual(["2026-03-01T11:00"]);
    const runs = await test.slots();
    expect(runs.at(-1)).toMatchObject({
      status: "done",
      counts: { rows: 3 },
      started_at: expect.any(Date) as Date,
      finished_at: expect.any(Date) as Date,
    });
  });

  it.each([
    ["once", ["2026-03-01T14:00"], 3],
    ["all", ["2026-03-01T11:00", "2026-03-01T12:00", "2026-03-01T13:00", "2026-03-01T14:00"], 0],
    ["skip", ["2026-03-01T14:00"], 3],
  ] as const)("after four slots without one follows the policy %s", async (missed, expected, missedCount) => {
    const test = await withSchedule({ cron: "0 * * * *", missed });
    test.moveTo("2026-03-01T14:30:00Z");
    await test.tally.tick();
    expect(test.ran.toSorted()).toEqual(expected);
    expect((await test.slots()).slice(1).filter(({ status }) => status === "missed")).toHaveLength(missedCount);
    await test.tally.tick();
    expect(test.ran).toHaveLength(expected.length);
  });

  it("claims each slot once with eight at the same time on two engines, and announces what was missed once", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const notifications = [slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true })];
    const test = await withSchedule({ cron: "0 * * * *", missed: "once" }, { notifications });
    const { tally: other } = await test.another();
    test.moveTo("2026-03-01T14:30:00Z");
    const results = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => (index % 2 === 0 ? test.tally : other).tick()),
    );
    await test.tally.drain();
    expect(results.reduce((sum, { slots }) => sum + slots, 0)).toBe(1);
    expect(test.ran).toEqual(["2026-03-01T14:00"]);
    expect((await test.slots()).slice(1).map(({ status }) => status)).toEqual(["missed", "missed", "missed", "done"]);
    expect(await test.sql.query("select kind, status from tallystick.notification")).toEqual([
      { kind: "cron.missed", status: "sent" },
    ]);
  });

  it("first seen by eight ticks at once begins from one moment", async () => {
    const test = await withSchedule({ cron: "0 * * * *" });
    await test.sql.query("delete from tallystick.schedule_run");
    await Promise.all(Array.from({ length: 8 }, async () => test.tally.tick()));
    expect(await test.slots()).toHaveLength(1);
  });

  it("that comes late announces the slot, one within the grace does not", async () => {
    const test = await withSchedule({ cron: "0 12 * * *", graceMs: 600_000 });
    const announced = async (): Promise<unknown[]> => test.sql.query("select body from tallystick.notification");
    const channel = slack({ url: "http://127.0.0.1:9/hook", allowPrivateHosts: true });
    const { tally } = await setUp({
      payment: undefined,
      notifications: [channel],
      tasks: [
        defineTask({ name: "report", schedule: { cron: "0 12 * * *", graceMs: 600_000 }, run: async () => undefined }),
      ],
      clock: () => late,
      maxTickGapMs: 365 * 86_400_000,
      database: test.databaseUrl,
    });
    let late = new Date("2026-03-01T12:09:00Z");
    expect(await tally.tick({ budgetMs: 0 })).toMatchObject({ slots: 1 });
    expect(await announced()).toEqual([]);
    late = new Date("2026-03-02T12:11:00Z");
    expect(await tally.tick({ budgetMs: 0 })).toMatchObject({ slots: 1 });
    expect(await announced()).toEqual([
      { body: "report was due at 2026-03-02 12:00 UTC and ran at 2026-03-02 12:11 UTC." },
    ]);
  });

  it("records a scheduled task that died as a failed run with its error", async () => {
    const failing = defineTask({
      name: "report",
      schedule: { cron: "0 * * * *" },
      maxAttempts: 1,
      async run() {
        throw new Error("the report is empty");
      },
    });
    const test = await withSchedule({ cron: "0 * * * *" }, { tasks: [failing] });
    test.moveTo("2026-03-01T11:00:00Z");
    await test.tally.tick();
    expect((await test.slots()).at(-1)).toMatchObject({ status: "failed", finished_at: expect.any(Date) as Date });
    expect(await test.sql.query("select error from tallystick.schedule_run where status = 'failed'")).toEqual([
      { error: "the report is empty" },
    ]);
  });
});
