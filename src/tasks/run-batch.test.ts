// Tasks that share a transaction: all their effects or none, and no task pays for another's failure.
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setUp, signal, skipDelays, untilBlocked, type Setup } from "../../test/flows/setup.ts";
import { defineTask, retryLater, type TaskDefinition, type TallystickOptions } from "../index.ts";

let transactions: Set<number>;
let poison: Set<string>;
const ran: string[] = [];

beforeEach(() => {
  transactions = new Set();
  poison = new Set();
  ran.length = 0;
});

const note = (more: Partial<TaskDefinition<undefined>> = {}): TaskDefinition<undefined> =>
  defineTask({
    name: "note",
    batchSize: 50,
    async run({ tx, payload }) {
      const label = String(payload["label"]);
      const [row] = await tx.query<{ id: number }>("select txid_current() as id");
      await tx.query("insert into noted values ($1)", [label]);
      if (poison.has(label)) throw new Error(`no ${label}`);
      transactions.add(row?.id ?? 0);
      ran.push(label);
      return { label };
    },
    ...more,
  });

async function start(options: Partial<TallystickOptions> = {}): Promise<Setup> {
  const setup = await setUp({ tasks: [note()], ...options });
  await setup.sql.query("create table noted (label text primary key)");
  return setup;
}

const labels = (count: number): string[] => Array.from({ length: count }, (_value, index) => String(index));
const inputs = (count: number, lane?: string) =>
  labels(count).map((label) => ({ name: "note", payload: { label }, ...(lane !== undefined && { lane }) }));

async function noted({ sql }: Setup): Promise<string[]> {
  const rows = await sql.query<{ label: string }>("select label from noted");
  return rows.map(({ label }) => label).toSorted((a, b) => Number(a) - Number(b));
}

describe("tasks with a batch size", () => {
  it("share transactions, and each is done with its own result", async () => {
    const setup = await start();
    const enqueued = await setup.tally.tasks.enqueueMany(inputs(300));
    expect(await setup.tally.drain()).toMatchObject({ processed: 300, done: 300, remaining: 0 });
    expect(await noted(setup)).toEqual(labels(300));
    expect(transactions.size).toBeLessThan(60);
    const results = await setup.sql.query("select result->>'label' as label from tallystick.task order by id");
    expect(results).toEqual(labels(300).map((label) => ({ label })));
    const view = await setup.tally.tasks.get(enqueued[7]?.taskId ?? "");
    expect(view).toMatchObject({ status: "done", attempts: 1, history: [{ outcome: "done" }] });
  });

  it("are all done but the one that fails, which is tried again alone", async () => {
    const setup = await start();
    poison.add("3");
    const enqueued = await setup.tally.tasks.enqueueMany(inputs(10));
    expect(await setup.tally.drain()).toMatchObject({ processed: 10, done: 9, failed: 1 });
    expect(await noted(setup)).toEqual(labels(10).filter((label) => label !== "3"));
    const failed = await setup.tally.tasks.get(enqueued[3]?.taskId ?? "");
    expect(failed).toMatchObject({ status: "pending", attempts: 1, lastError: "no 3" });
    poison.clear();
    transactions.clear();
    await setup.tally.tasks.enqueueMany(labels(5).map((label) => ({ name: "note", payload: { label: `1${label}` } })));
    await skipDelays(setup.sql);
    expect(await setup.tally.drain()).toMatchObject({ done: 6, failed: 0 });
  });

  it("keep the order of their lane", async () => {
    const setup = await start();
    await setup.tally.tasks.enqueueMany(inputs(12, "customer-1"));
    await setup.tally.drain();
    expect(ran).toEqual(labels(12));
  });

  it("of many lanes share transactions too, and wake each lane's next", async () => {
    const setup = await start();
    await setup.tally.tasks.enqueueMany(
      labels(60).map((label) => ({ name: "note", payload: { label }, lane: `lane-${Number(label) % 20}` })),
    );
    expect(await setup.tally.drain()).toMatchObject({ done: 60, remaining: 0 });
    expect(transactions.size).toBeLessThan(60);
    for (let lane = 0; lane < 20; lane += 1) {
      expect(ran.filter((label) => Number(label) % 20 === lane)).toEqual([lane, lane + 20, lane + 40].map(String));
    }
  });

  it("change nothing when one's lease was taken over, and that one is left to who took it", async () => {
    let stolen = false;
    const steal = note({
      async run({ tx, payload, taskId }) {
        const label = String(payload["label"]);
        await tx.query("insert into noted values ($1)", [label]);
        if (label !== "2" || stolen) return;
        stolen = true;
        await setup.sql.query("update tallystick.task set lease_token = lease_token + 1000000 where id = $1", [taskId]);
      },
    });
    const setup = await start({ tasks: [steal] });
    await setup.tally.tasks.enqueueMany(inputs(5));
    const { done } = await setup.tally.drain();
    expect(done).toBe(4);
    expect(await noted(setup)).toEqual(["0", "1", "3", "4"]);
  });

  it("are no more than a drain's limit", async () => {
    const setup = await start();
    await setup.tally.tasks.enqueueMany(inputs(30));
    expect(await setup.tally.drain({ maxTasks: 7 })).toMatchObject({ processed: 7 });
    expect(await noted(setup)).toHaveLength(7);
  });

  it("that the time does not suffice for are given back unbegun, and what ran is done", async () => {
    const slow = note({
      async run({ tx, payload }) {
        await tx.query("select pg_sleep(0.02)");
        await tx.query("insert into noted values ($1)", [String(payload["label"])]);
      },
    });
    const setup = await start({ tasks: [slow] });
    await setup.tally.tasks.enqueueMany(inputs(200));
    const { done, processed, failed } = await setup.tally.drain({ budgetMs: 200 });
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(200);
    expect({ processed, failed }).toEqual({ processed: done, failed: 0 });
    expect(await noted(setup)).toHaveLength(done);
    const waiting = await setup.sql.query(
      "select distinct status, attempts from tallystick.task where status <> 'done'",
    );
    expect(waiting).toEqual([{ status: "pending", attempts: 0 }]);
  });

  it("that the time does not suffice for are given back while no transaction stands open for others", async () => {
    onTestFinished(() => void vi.restoreAllMocks());
    const [begun, release, held, releaseHeld] = [signal(), signal(), signal(), signal()];
    const batched = note({
      async run() {
        const later = performance.now() + 11_000;
        vi.spyOn(performance, "now").mockReturnValue(later);
        begun.give();
        await release.given;
        return {};
      },
    });
    const occupying = defineTask({
      name: "occupying",
      async load() {
        held.give();
        await releaseHeld.given;
      },
      run: async () => undefined,
    });
    const quick = defineTask({ name: "quick", run: async () => undefined });
    const { tally, sql } = await start({ tasks: [batched, occupying, quick], poolSize: 3 });
    await tally.tasks.enqueueMany(inputs(8));
    const drained = tally.drain({ budgetMs: 60_000 });
    await begun.given;
    // The other runner claims these, and is kept by the first of them: the rest waits to follow.
    await tally.tasks.enqueue({ name: "occupying" });
    await tally.tasks.enqueueMany(Array.from({ length: 6 }, () => ({ name: "quick" })));
    const second = tally.drain({ budgetMs: 60_000 });
    await held.given;
    await sql.transaction(async (tx) => {
      // Of those that will be given back.
      await tx.query("select from tallystick.task where name = 'note' order by id desc limit 1 for update");
      release.give();
      await untilBlocked(sql, "%fail_task%");
      const open = "select query from pg_stat_activity where state = 'idle in transaction' and query like 'begin%'";
      expect(await sql.query(`${open} and datname = current_database()`)).toEqual([]);
    });
    releaseHeld.give();
    await Promise.all([drained, second]);
    vi.restoreAllMocks();
    await tally.drain();
    expect((await tally.tasks.list({ status: "pending" })).items).toEqual([]);
  });

  it("are run alone once one was put off, which keeps nobody from sharing", async () => {
    let puts = 0;
    const off = note({
      async run({ tx, payload }) {
        const [row] = await tx.query<{ id: number }>("select txid_current() as id");
        if (payload["label"] === "0" && puts < 4) {
          puts += 1;
          throw retryLater("not yet", 60_000);
        }
        transactions.add(row?.id ?? 0);
      },
    });
    const setup = await start({ tasks: [off] });
    await setup.tally.tasks.enqueueMany(inputs(10));
    // In the batch, and alone.
    expect(await setup.tally.drain()).toMatchObject({ done: 9 });
    expect(puts).toBe(2);
    transactions.clear();
    await skipDelays(setup.sql);
    await setup.tally.tasks.enqueueMany(inputs(10).slice(1));
    expect(await setup.tally.drain()).toMatchObject({ done: 9 });
    expect({ puts, transactions: transactions.size }).toEqual({ puts: 3, transactions: 1 });
  });

  it.each([
    [{ batchSize: 0 }, "whole number"],
    [{ batchSize: 1.5 }, "whole number"],
    [{ batchSize: 1_001 }, "whole number"],
    [{ pauseLaneMs: () => 1 }, "neither load"],
    [{ load: async () => undefined }, "neither load"],
    [{ schedule: { cron: "* * * * *" } }, "neither load"],
  ])("are refused where they can't be batched: %o", async (more, problem) => {
    await expect(start({ tasks: [note(more)] })).rejects.toThrow(problem);
  });
});
