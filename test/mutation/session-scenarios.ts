// What another session commits between two statements of a function.
import pg from "pg";
import { callFunction } from "../../src/credits/context.ts";
import { endEnrolments } from "../../src/credits/enrolment.ts";
import { planTerms } from "../../src/credits/plan-terms.ts";
import type { Trial } from "./bench.ts";
import type { Killer } from "./killers.ts";
import { paid, same } from "./told.ts";

const plans = [{ id: "keep", credits: 7, validDays: null }];
const start = Date.parse("2026-02-01T00:00:00Z");
const terms = planTerms(plans);
const due = Date.parse("2026-03-01T00:00:00Z");

/** What a call answers that has to wait for another session's statements, which are committed as soon as it waits. */
async function meanwhile<Answer>(
  { database, url }: Trial,
  now: number,
  statements: readonly string[],
  call: () => Promise<Answer>,
): Promise<Answer> {
  const [session] = await database.query<{ pid: number }>("select pg_backend_pid() as pid");
  const other = new pg.Client(url);
  await other.connect();
  try {
    await other.query("begin");
    await other.query("select set_config('tallystick.now', $1, true)", [new Date(now).toISOString()]);
    for (const statement of statements) await other.query(statement);
    const answered = new AbortController();
    const answer = call().finally(() => answered.abort());
    const committed = (async () => {
      const waits = async (): Promise<boolean> =>
        ((await other.query("select from pg_locks where not granted and pid = $1", [session?.pid])).rowCount ?? 0) > 0;
      while (!answered.signal.aborted && !(await waits()));
      await other.query("commit");
    })();
    const [result] = await Promise.all([answer, committed]);
    return result;
  } finally {
    await other.end();
  }
}

export const sessionScenarios: readonly Killer[] = [
  {
    name: "a fact that another session enrols meanwhile is enrolled once, and answered as it is",
    files: ["06_enrol"],
    run: async (world) => {
      await world.reset();
      await world.setClock(start);
      const enrol = { p_plan_id: "keep", p_type: "subscription_renewal" };
      // Others of the provider, and of the same name, that are found first.
      for (const [provider, fact] of [
        ["stripe", "0"],
        ["creem", "fact"],
      ]) {
        const other = { ...enrol, p_user_id: "eve", p_provider: provider, p_fact: fact };
        await callFunction(world.database, "enrol_account", other);
      }
      const bob = `select tallystick.enrol_account('bob', 'keep', 'subscription_renewal', p_provider => 'stripe', p_fact => 'fact')`;
      const mine = { ...enrol, p_user_id: "ann", p_provider: "stripe", p_fact: "fact" };
      const told = await meanwhile(world, start, [bob], async () =>
        callFunction<{ enrolmentId: string; created: boolean }>(world.database, "enrol_account", mine),
      );
      const rows = await world.database.query<{ id: number; user_id: string }>(
        `select enrolment.id, user_id from tallystick.credit_enrolment enrolment
         join tallystick.user_credit account on account.id = account_id where fact = 'fact' and provider = 'stripe'`,
      );
      same("told", [told.created, told.enrolmentId], [false, String(rows[0]?.id)]);
      same(
        "enrolled",
        rows.map((row) => row.user_id),
        ["bob"],
      );
    },
  },
  {
    name: "a debit whose user is erased meanwhile is nobody's to refund by its key",
    files: ["09_refund"],
    run: async (world) => {
      await world.reset();
      await world.setClock(start);
      await world.credits.grant({ userId: "ann", amount: 5, type: "adjustment" });
      await world.credits.consume({ userId: "ann", amount: 5, idempotencyKey: "k" });
      const refund = async (): Promise<{ outcome: string }> =>
        callFunction(world.database, "refund_debit", { p_user_id: "ann", p_debit_key: "k" });
      const { outcome } = await meanwhile(world, start, ["select tallystick.erase_user('ann', 'erased')"], refund);
      same("outcome", outcome, "not_found");
    },
  },
  {
    name: "a due period of a returned payment is granted under the payment's lock",
    files: ["06_distribute"],
    run: async (world) => {
      await returnedTerm(world);
      const locks = await world.database.transaction(async (tx) => {
        await callFunction(tx, "distribute_returned", { p_plans: terms });
        return tx.query("select count(*) as n from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()");
      });
      same("locks", locks, [{ n: 1 }]);
    },
  },
  {
    name: "a due period that another session grants meanwhile is granted once, and the next not before its time",
    files: ["06_distribute"],
    run: async (world) => {
      await returnedTerm(world);
      const grant = `select tallystick.distribute_returned('${terms}')`;
      const granted = await meanwhile(world, due, ["select tallystick.lock_payment(1)", grant], grantReturned(world));
      same("granted", granted, 0);
      const periods = await world.database.query(
        "select next_period from tallystick.credit_enrolment where fact = 'a'",
      );
      same("periods", periods, [{ next_period: 2 }]);
    },
  },
  {
    name: "a due period that a merge moves meanwhile is left for the next run, under its new account's lock",
    files: ["06_distribute"],
    run: async (world) => {
      await returnedTerm(world);
      const merge = "select tallystick.merge_accounts('ann', 'eve', 'operator', 'test')";
      const run = grantReturned(world);
      const first = await meanwhile(world, due, ["select tallystick.lock_payment(1)", merge], run);
      same("granted", [first, await run()], [0, 1]);
    },
  },
];

/** A term of ann's whose payment went back in half, with a period that is due, beside one that was ended; and another account. */
async function returnedTerm(world: Trial): Promise<void> {
  await world.reset();
  await world.setClock(start);
  await paid(world, plans, { fact: "a" });
  await paid(world, plans, { fact: "ended", source: "ended", paymentId: 2 });
  await world.database.transaction(async (tx) => endEnrolments(tx, "ended"));
  await world.credits.settleReturns({ paymentId: "1", paid: 2, returned: 1 });
  await world.credits.grant({ userId: "eve", amount: 1, type: "adjustment" });
  await world.setClock(due);
}

function grantReturned({ database }: Trial): () => Promise<number> {
  return async () =>
    (await callFunction<{ granted: number }>(database, "distribute_returned", { p_plans: terms })).granted;
}
