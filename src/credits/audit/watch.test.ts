// The audit that goes on by itself: covers the whole ledger over as many ticks as it needs, and tells what it finds once.
import { describe, expect, it } from "vitest";
import { day, hour, openLedger, pass, plant, type Ledger } from "../../../test/properties/ledger-fixture.ts";
import { audit } from "../audit.ts";
import { sealKeys } from "../seal/keys.ts";
import type { Violation } from "./violation.ts";
import { watch, watchSeals, type WatchInput, type WatchResult } from "./watch.ts";

const keys = sealKeys({ keyId: "one", key: "k".repeat(32) });

interface Watched {
  readonly ledger: Ledger;
  readonly found: Violation[];
  tick(budgetMs?: number): Promise<WatchResult>;
  input(budgetMs: number): WatchInput & { keys: typeof keys };
}

async function watched(accounts: number): Promise<Watched> {
  const ledger = await openLedger({ now: new Date("2026-03-01T00:00:00Z") });
  for (let index = 0; index < accounts; index += 1) {
    await ledger.credits.grant({ userId: `user-${index}`, amount: 10, type: "adjustment" });
    await ledger.credits.consume({ userId: `user-${index}`, amount: 4 });
  }
  const found: Violation[] = [];
  const input = (budgetMs: number) => ({
    budgetMs,
    intervalMs: day,
    keys,
    onFailed: async (_tx: unknown, _runId: number, violations: readonly Violation[]) => {
      found.push(...violations);
    },
  });
  return { ledger, found, input, tick: async (budgetMs = 0) => watch(ledger.database, input(budgetMs)) };
}

/** Makes the steps of the open run short, as they are on a large ledger. */
async function shorten({ ledger }: Watched): Promise<void> {
  await ledger.database.query("update tallystick.credit_proof_run set step_size = 2 where finished_at is null");
}

describe("the audit by ticks", () => {
  it("covers every account and entry over several ticks, however short each is", async () => {
    const world = await watched(9);
    await using _ledger = world.ledger;
    await plant(world.ledger.url, "update tallystick.user_credit set current_credits = 7 where user_id = 'user-8'");
    await plant(world.ledger.url, "delete from tallystick.credit_transaction where id = 18");
    let ticks = 0;
    for (let done = false; !done; ticks += 1) {
      ({ complete: done } = await world.tick());
      await shorten(world);
    }
    expect(ticks).toBeGreaterThan(5);
    expect(new Set(world.found.map(({ userId }) => userId))).toEqual(new Set(["user-8", null]));
    expect(world.found.map(({ equation }) => equation)).toContain("rows_have_their_owners");
    const [run] = await world.ledger.database.query(
      "select violations, jsonb_array_length(findings) as findings, walk, finished_at is not null as finished from tallystick.credit_proof_run",
    );
    expect(run).toEqual({
      violations: world.found.length,
      findings: world.found.length,
      walk: "seals",
      finished: true,
    });
  });

  it("keeps what it found by accounts' numbers, so that a user erased later is named nowhere", async () => {
    const world = await watched(3);
    await using _ledger = world.ledger;
    await plant(world.ledger.url, "update tallystick.user_credit set current_credits = 7 where user_id = 'user-2'");
    await world.tick(10_000);
    expect(world.found.map(({ userId }) => userId)).toContain("user-2");
    const [run] = await world.ledger.database.query<{ findings: { accountId: string }[] }>(
      "select findings from tallystick.credit_proof_run",
    );
    expect(run?.findings.map(({ accountId }) => accountId)).toContain("3");
    expect(JSON.stringify(run)).not.toContain("user-2");
  });

  it("begins again when the interval has passed, and not before", async () => {
    const world = await watched(1);
    await using _ledger = world.ledger;
    const runs = async (): Promise<unknown> =>
      world.ledger.database.query(
        "select kind, finished_at is null as open from tallystick.credit_proof_run order by id",
      );
    expect(await world.tick(10_000)).toMatchObject({ violations: 0, complete: true });
    pass(world.ledger, 20 * hour);
    expect(await world.tick(10_000)).toEqual({ steps: 0, violations: 0, complete: true });
    pass(world.ledger, 4 * hour);
    expect(await world.tick()).toMatchObject({ steps: 1, complete: false });
    expect(await runs()).toEqual([
      { kind: "audit", open: false },
      { kind: "audit", open: true },
    ]);
  });

  it("twice at once takes every step once", async () => {
    const world = await watched(12);
    await using _ledger = world.ledger;
    await plant(world.ledger.url, "update tallystick.user_credit set current_credits = 7 where user_id = 'user-5'");
    await world.tick();
    await world.ledger.database.query(
      "update tallystick.credit_proof_run set walk = 'accounts', next_id = 1, last_id = 12, steps = 0",
    );
    world.found.length = 0;
    await shorten(world);
    for (let done = false; !done;) {
      const results = await Promise.all([world.tick(50), world.tick(50), world.tick(50)]);
      const [run] = await world.ledger.database.query<{ finished: boolean }>(
        "select finished_at is not null as finished from tallystick.credit_proof_run",
      );
      done = run?.finished === true;
      expect(results).toHaveLength(3);
    }
    expect(world.found.map(({ equation }) => equation).toSorted()).toEqual([
      "book_is_remaining_less_debt",
      "book_is_sum_of_entries",
      "cached_totals_are_true",
    ]);
  });

  it("seals, then verifies the seals, and finds what was altered between", async () => {
    const world = await watched(5);
    await using _ledger = world.ledger;
    let seals = await watchSeals(world.ledger.database, world.input(0));
    for (; !seals.complete;) seals = await watchSeals(world.ledger.database, world.input(0));
    expect((await audit(world.ledger.database, {}, keys)).seals).toMatchObject({
      checked: 5,
      entries: 10,
      unsealed: 0,
    });
    await plant(
      world.ledger.url,
      "update tallystick.credit_transaction set created_at = created_at - interval '1 day' where id = 4",
    );
    await world.tick(20_000);
    expect(world.found.map(({ userId, equation }) => [userId, equation])).toEqual([["user-1", "seals_match"]]);
  });
});
