// Random states of a ledger, random batches, and what can be seen of either: ids aside, everything that is stored.
import fc from "fast-check";
import type { ConsumeOutcome } from "../../src/credits/consume-many.ts";
import type { ConsumeInput } from "../../src/credits/consume.ts";
import { callFunction } from "../../src/credits/context.ts";
import { createCredits } from "../../src/credits/index.ts";
import type { Database } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { hour, plans } from "./ledger-fixture.ts";

export const start = Date.parse("2026-01-30T22:00:00Z");
const userId = fc.constantFrom("ann", "ann", "bob", "cat", "dan");
const feature = fc.constantFrom(undefined, undefined, undefined, "image", "text");
const member = fc.constantFrom(undefined, undefined, "m1", "m2");
const idempotencyKey = fc.option(fc.constantFrom("k1", "k2", "k3"), { nil: undefined, freq: 2 });
const amount = fc.constantFrom(1, 3, 10, 25, 60);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      take: fc.constant("grant" as const),
      userId,
      amount,
      priority: fc.constantFrom(0, 100, 100),
      scope: fc.constantFrom(undefined, undefined, undefined, undefined, ["image"]),
      effectiveIn: fc.constantFrom(undefined, undefined, 7),
      expiresIn: fc.constantFrom(undefined, 9, 24, 200),
      paid: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ take: fc.constant("consume" as const), userId, amount, feature, member, idempotencyKey }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      take: fc.constant("hold" as const),
      userId,
      amount: fc.constantFrom(1, 3, 10),
      member,
      idempotencyKey,
      expiresInSeconds: fc.constantFrom(3600, 36_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("wait" as const), hours: fc.constantFrom(1, 8, 20) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("return" as const), of: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("freeze" as const), userId }) },
  {
    weight: 1,
    arbitrary: fc.record({ take: fc.constant("limit" as const), userId, member, amount: fc.constantFrom(5, 30) }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("merge" as const), userId, into: userId }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const steps = fc.array(step, { minLength: 3, maxLength: 20, size: "max" });
export const batches = fc.array(
  fc.record({
    userId: fc.constantFrom("ann", "ann", "bob", "cat", "dan", "nobody"),
    amount: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(1, 1, 10, 60) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1.5, Number.MAX_SAFE_INTEGER) },
    ),
    feature,
    member,
    idempotencyKey,
    description: fc.constantFrom(undefined, 'a "quoted" \\ {text}, null'),
    metadata: fc.constantFrom(undefined, { note: 'NULL, "x"' }),
  }),
  { minLength: 1, maxLength: 25, size: "max" },
);

/** Brings an empty ledger into a state; what the ledger refuses is left out. */
export async function prepare(database: Database, list: readonly Step[]): Promise<void> {
  let now = start;
  let payments = 0;
  await setClock(database, now);
  for (const next of list) {
    if (next.take === "wait") {
      now += next.hours * hour;
      await setClock(database, now);
    } else {
      if (next.take === "grant" && next.paid) payments += 1;
      await refusable(async () => take(database, now, next, payments));
    }
  }
}

async function take(
  database: Database,
  now: number,
  next: Exclude<Step, { take: "wait" }>,
  payment: number,
): Promise<unknown> {
  const credits = createCredits(database, plans);
  const by = { actor: "test", reason: "test" };
  switch (next.take) {
    case "grant":
      return callFunction(database, "grant_credits", {
        p_user_id: next.userId,
        p_amount: next.amount,
        p_type: "purchase_package",
        p_priority: next.priority,
        p_scope: next.scope,
        p_effective_at: next.effectiveIn && new Date(now + next.effectiveIn * hour),
        p_expires_at: next.expiresIn && new Date(now + next.expiresIn * hour),
        p_payment_id: next.paid ? payment : undefined,
      });
    case "consume":
      return credits.consume(next);
    case "hold":
      return credits.hold(next);
    case "return":
      return credits.settleReturns({ paymentId: String(next.of), paid: 100, returned: 100 });
    case "freeze":
      return credits.freeze({ userId: next.userId, ...by });
    case "limit":
      return credits.setLimit({ userId: next.userId, member: next.member, amount: next.amount, period: "day" });
    case "merge":
      return credits.merge({ fromUserId: next.userId, toUserId: next.into, ...by });
  }
}

async function refusable(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isTallystickError(error) || error.code === "internal") throw error;
  });
}

async function setClock(database: Database, now: number): Promise<void> {
  await database.query("select set_config('tallystick.now', $1, true)", [new Date(now).toISOString()]);
}

class Undone extends Error {}

/** Does the work in a transaction that is rolled back, whatever the work was. */
export async function undone<T>(database: Database, work: (tx: Database) => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  const transaction = database.transaction(async (tx) => {
    result = { value: await work({ ...database, query: tx.query, transaction: async (inner) => inner(tx) }) };
    throw new Undone();
  });
  await transaction.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
  if (result === undefined) throw new Error("the work has not been done");
  return result.value;
}

/** Does the work on a copy of the state within such a transaction. */
export async function onCopy<T>(tx: Database, work: () => Promise<T>): Promise<T> {
  await tx.query("savepoint copy");
  const result = await work();
  await tx.query("rollback to savepoint copy");
  return result;
}

/** The outcomes of consuming one after another. */
export async function consumeEach(database: Database, items: readonly ConsumeInput[]): Promise<ConsumeOutcome[]> {
  const credits = createCredits(database, plans);
  const outcomes: ConsumeOutcome[] = [];
  for (const item of items) {
    outcomes.push(
      await credits.consume(item).then(
        (result) => ({ ok: true, ...result }),
        (error: unknown) => {
          if (!isTallystickError(error)) throw error;
          return { ok: false, error };
        },
      ),
    );
  }
  return outcomes;
}

/** The outcomes with each entry and lot named by its account and number. */
export async function named(database: Database, outcomes: readonly ConsumeOutcome[]): Promise<unknown[]> {
  const rows = await database.query<{ id: string; name: string }>(
    "select id::text, account_id || '/' || seq as name from tallystick.credit_transaction",
  );
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return outcomes.map((outcome) => {
    if (!outcome.ok) {
      const { code, message, details } = outcome.error;
      return { ok: false, code, message, details: { ...details } };
    }
    const allocations = outcome.allocations.map((draw) => [names.get(draw.lotId), draw.amount]);
    return { ...outcome, transactionId: names.get(outcome.transactionId), allocations };
  });
}

/** Every row of the ledger, in an order and under names that don't depend on new ids. */
export async function picture(database: Database): Promise<unknown> {
  const [row] = await database.query<{ picture: unknown }>(`
    with entry as (select *, account_id || '/' || seq as name from tallystick.credit_transaction)
    select jsonb_build_object(
      'accounts', (select jsonb_agg(to_jsonb(account) - 'created_at' order by id) from tallystick.user_credit account),
      'entries', (select jsonb_agg(to_jsonb(entry) - 'id' - 'operation_id' || jsonb_build_object(
          'operation', (select name from entry first where first.id = entry.operation_id),
          'refunded', (select name from entry debit where debit.id = entry.refund_of_id)) - 'refund_of_id'
        order by account_id, seq) from entry),
      'draws', (select jsonb_agg(jsonb_build_array(entry.name, n, lot.name, draw.amount, draw.created_at) order by entry.name, n)
        from tallystick.credit_allocation draw join entry on entry.id = transaction_id join entry lot on lot.id = lot_id),
      'lots', (select jsonb_agg(to_jsonb(lot) order by id) from tallystick.credit_lot lot),
      'holds', (select jsonb_agg(to_jsonb(hold) order by id) from tallystick.credit_hold hold),
      'counters', (select jsonb_agg(to_jsonb(counter) order by limit_id, period_start) from tallystick.credit_spend_counter counter)
    ) as picture`);
  return row?.picture;
}
