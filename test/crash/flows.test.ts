// Work of several transactions, killed with its process at every step: what is committed stays and is right, the rest is
// not there, and the next call or the next tick ends it.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { closeAudited, openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";
import { createCredits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";

/** Starts a flow and kills its process at the step. False: the flow ended without coming to it. */
async function killAt(ledger: Ledger, flow: string, step: string, key = ""): Promise<boolean> {
  const child: ChildProcess = fork(new URL("victim-flow.ts", import.meta.url), [ledger.url, flow, step, key], {
    execArgv: ["--experimental-strip-types", "--no-warnings"],
  });
  const exited = once(child, "exit");
  const reached = await Promise.race([once(child, "message").then(() => true), exited.then(() => false)]);
  child.kill("SIGKILL");
  await exited;
  // The server ends what the process had open.
  for (let left = true; left;) {
    const rows = await ledger.database.query(
      "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and backend_type = 'client backend'",
    );
    left = rows.length > 0;
  }
  return reached;
}

describe("withHold, its process killed", () => {
  it.each([
    { step: "1 before hold_credits", held: 0, captured: 0 },
    { step: "1 after hold_credits", held: 30, captured: 0 },
    { step: "in the work", held: 30, captured: 0 },
    { step: "2 before capture_hold", held: 30, captured: 0 },
    { step: "2 after capture_hold", held: 0, captured: 12 },
  ])(
    "at “$step”, holds $held and has captured $captured; the deadline frees the rest",
    async ({ step, held, captured }) => {
      const ledger = await openLedger();
      await ledger.credits.grant({ userId: "ann", amount: 100, type: "adjustment" });
      expect(await killAt(ledger, "withHold", step)).toBe(true);
      const rest = 100 - captured;
      expect(await ledger.credits.balance({ userId: "ann" })).toMatchObject({
        balance: rest,
        held,
        available: rest - held,
      });

      const later = connect(ledger.url, { poolSize: 1, clock: () => new Date(Date.now() + 601_000) });
      const credits = createCredits(later, plans);
      // From the deadline on, with nothing booked yet; then the tick books it.
      expect(await credits.balance({ userId: "ann" })).toMatchObject({ balance: rest, held: 0, available: rest });
      expect(await credits.releaseHolds()).toEqual({ released: held === 0 ? 0 : 1, remaining: 0 });
      expect(await credits.consume({ userId: "ann", amount: rest })).toMatchObject({ available: 0 });
      await later.close();
      await closeAudited(ledger);
    },
  );
});

const prepared: Readonly<Record<string, { readonly sql: string; readonly done: string; readonly total: number }>> = {
  expire: {
    sql: `select tallystick.grant_credits('user' || n, 5, 'adjustment', p_expires_at => tallystick.clock() + interval '1 hour')
      from generate_series(1, 50) n`,
    done: "select -coalesce(sum(amount), 0)::bigint as total from tallystick.credit_transaction where type = 'expire'",
    total: 250,
  },
  releaseHolds: {
    sql: `select tallystick.grant_credits('user' || n, 5, 'adjustment'), tallystick.hold_credits('user' || n, 5, p_lifetime_seconds => 60)
      from generate_series(1, 50) n`,
    done: "select coalesce(sum(amount), 0)::bigint as total from tallystick.credit_hold where status = 'expired'",
    total: 250,
  },
  distribute: {
    sql: `select tallystick.enrol_account('user' || n, 'free', 'monthly_refresh') from generate_series(1, 50) n`,
    done: "select coalesce(sum(amount), 0)::bigint as total from tallystick.credit_transaction where type = 'monthly_refresh'",
    total: 2500,
  },
};

describe.each(Object.keys(prepared))("%s, its process killed between batches", (flow) => {
  it("has done whole batches, and the next call does the others, each once", async () => {
    const { sql, done, total } = prepared[flow] ?? { sql: "", done: "", total: 0 };
    const ledger = await openLedger({ now: new Date(Date.now() - 86_400_000) });
    await ledger.database.query(sql);
    ledger.now = undefined;
    const booked = async (): Promise<number> =>
      (await ledger.database.query<{ total: number }>(done))[0]?.total ?? Number.NaN;
    let before = 0;
    // Two batches, three, and one: every kill finds whole batches of ten.
    for (const [batches, step] of [
      [2, `2 after ${calls[flow]}`],
      [4, `2 after ${calls[flow]}`],
      [4, `1 before ${calls[flow]}`],
    ] as const) {
      expect(await killAt(ledger, flow, step)).toBe(true);
      before = await booked();
      expect(before).toBe((total / 5) * batches);
    }
    const counts = await {
      expire: ledger.credits.expire,
      releaseHolds: ledger.credits.releaseHolds,
      distribute: ledger.credits.distribute,
    }[flow as "expire"]();
    expect(counts.remaining).toBe(0);
    expect(await booked()).toBe(total);
    await closeAudited(ledger);
  });
});

const calls: Readonly<Record<string, string>> = {
  expire: "expire_credits",
  releaseHolds: "release_holds",
  distribute: "distribute_credits",
};

describe("a caller's transaction, its process killed", () => {
  it.each([
    { step: "begun", kept: false },
    { step: "product written", kept: false },
    { step: "consumed", kept: false },
    { step: "committed", kept: true },
  ])("when “$step”, has both the product's row and the consumption, or neither", async ({ step, kept }) => {
    const ledger = await openLedger();
    await ledger.database.query("create table product (id text primary key)");
    await ledger.credits.grant({ userId: "ann", amount: 100, type: "adjustment" });
    expect(await killAt(ledger, "callersTransaction", step, "job-1")).toBe(true);
    const state = async (): Promise<unknown> => [
      (await ledger.database.query("select id from product")).length,
      (await ledger.credits.balance({ userId: "ann" })).balance,
    ];
    expect(await state()).toEqual(kept ? [1, 95] : [0, 100]);
    // The caller's job begins anew, with the same key.
    expect(await killAt(ledger, "callersTransaction", "the end", "job-1")).toBe(true);
    expect(await state()).toEqual([1, 95]);
    await closeAudited(ledger);
  });
});
