// tick: what one run does and records, and what it does when a part of it fails.
import { describe, expect, it } from "vitest";
import { setUp } from "../../test/flows/setup.ts";
import { slack } from "../notification/slack.ts";
import { defineTask } from "./task.ts";

const quick = defineTask({ name: "quick", run: async () => undefined });
const unreachable = slack({ url: "http://127.0.0.1:9/hook", allowPrivateHosts: true });

describe("tick", () => {
  it("expires, distributes, drains, and records a run with its counts", async () => {
    let now = new Date("2026-01-01T00:00:00Z");
    const { tally, sql } = await setUp({ payment: undefined, tasks: [quick], clock: () => now });
    const expiresAt = new Date("2026-01-20T00:00:00Z");
    await tally.credits.grant({ userId: "u", amount: 10, type: "adjustment", description: "test", expiresAt });
    await tally.credits.enrol({ userId: "v", planId: "free" });
    now = new Date("2026-02-01T01:00:00Z");
    await tally.tasks.enqueue({ name: "quick" });
    const result = await tally.tick();
    expect(result).toMatchObject({
      slots: 0,
      maintenance: { expire: { expired: 2 }, distribute: { count: 1, credits: 50 } },
      tasks: { processed: 1, done: 1 },
    });
    const runs = await sql.query(
      "select status, counts, error, finished_at >= started_at as finished from tallystick.schedule_run",
    );
    expect(runs).toEqual([
      {
        status: "done",
        error: null,
        finished: true,
        counts: { slots: 0, ...result.maintenance, tasks: { ...result.tasks, nextRunAt: null } },
      },
    ]);
    expect((await tally.credits.audit()).ok).toBe(true);
  });

  it("twice at once does the work once", async () => {
    const { tally, sql } = await setUp({ payment: undefined });
    for (let index = 0; index < 20; index += 1) {
      await tally.credits.enrol({ userId: `user-${index}`, planId: "free" });
    }
    await sql.query("update tallystick.credit_enrolment set next_due_at = clock_timestamp() - interval '1 minute'");
    const results = await Promise.all([tally.tick(), tally.tick(), tally.tick()]);
    expect(results.reduce((sum, { maintenance }) => sum + Number(maintenance["distribute"]?.["count"]), 0)).toBe(20);
    expect(await sql.query("select count(*) as count from tallystick.credit_transaction")).toEqual([{ count: 40 }]);
    expect((await tally.credits.audit()).ok).toBe(true);
  });

  it("after a gap that is too long announces it once, also when two come at once", async () => {
    let now = new Date("2026-03-01T00:00:00Z");
    let passing = 0;
    const clock = (): Date => (now = new Date(now.getTime() + passing));
    const { tally, sql } = await setUp({ payment: undefined, notifications: [unreachable], clock });
    await tally.tick({ budgetMs: 0 });
    now = new Date("2026-03-02T00:30:00Z");
    await tally.tick({ budgetMs: 0 });
    expect(await sql.query("select 1 from tallystick.notification")).toEqual([]);
    now = new Date("2026-03-03T02:00:00Z");
    passing = 1;
    await Promise.all([tally.tick({ budgetMs: 0 }), tally.tick({ budgetMs: 0 }), tally.tick({ budgetMs: 0 })]);
    expect(await sql.query("select kind, body from tallystick.notification")).toEqual([
      { kind: "cron.missed", body: "tick was due at 2026-03-03 01:30 UTC and ran at 2026-03-03 02:00 UTC." },
    ]);
  });

  it("handles tasks also when its maintenance fails, records the run as failed, and throws", async () => {
    const { tally, sql } = await setUp({ payment: undefined, tasks: [quick] });
    await tally.tasks.enqueue({ name: "quick" });
    await sql.query("alter table tallystick.credit_lot rename column expiration_date to broken");
    await expect(tally.tick()).rejects.toThrow("expiration_date");
    expect((await tally.tasks.list({ status: "done" })).items).toHaveLength(1);
    const [run] = await sql.query<{ status: string; error: string }>(
      "select status, error from tallystick.schedule_run",
    );
    expect(run?.status).toBe("failed");
    expect(run?.error).toContain("expiration_date");
  });

  it("keeps to its time and leaves the rest to the next", async () => {
    const { tally } = await setUp({ payment: undefined, tasks: [quick] });
    await tally.tasks.enqueue({ name: "quick" });
    expect(await tally.tick({ budgetMs: 0 })).toMatchObject({ tasks: { processed: 0, remaining: 1 } });
    expect(await tally.tick()).toMatchObject({ tasks: { processed: 1, remaining: 0 } });
  });
});
