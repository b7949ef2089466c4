// Random steps, and the interpreter that takes each on the ledger and on its model and compares all that can be seen.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import pg from "pg";
import { audit } from "../../src/credits/audit.ts";
import { consume } from "../../src/credits/consume.ts";
import { callFunction } from "../../src/credits/context.ts";
import { distributeCredits } from "../../src/credits/distribute.ts";
import { enrol } from "../../src/credits/enrol.ts";
import { expire } from "../../src/credits/expire.ts";
import { grant } from "../../src/credits/grant.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { hour, plans } from "./ledger-fixture.ts";
import { LedgerModel, MAX, type Answer } from "./ledger-model.ts";

const start = Date.parse("2026-01-30T22:00:00Z");

const account = fc.constantFrom("ann/credit", "ann/token", "bob/credit");
const key = fc.option(fc.constantFrom("k1", "k2"), { freq: 3 });
// Few values, so that keys meet again with the same and with other parameters, and expiries coincide.
const amount = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(1, 10, 25, 60) },
  { weight: 1, arbitrary: fc.constantFrom(MAX, MAX - 40) },
);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      take: fc.constant("grant" as const),
      account,
      amount,
      key,
      priority: fc.constantFrom(0, 100, 100),
      scope: fc.constantFrom(null, null, "image"),
      effectiveIn: fc.constantFrom(null, null, -5, 0, 7, 30),
      expiresIn: fc.constantFrom(null, 7, 24, 31, 31, 200, -1),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      take: fc.constant("consume" as const),
      account,
      amount: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(1, 10, 25, 60) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 200 }) },
      ),
      feature: fc.constantFrom(null, null, "image", "text"),
      key,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ take: fc.constant("wait" as const), hours: fc.constantFrom(1, 7, 7, 24, 31, 100, 31 * 24) }),
  },
  { weight: 2, arbitrary: fc.record({ take: fc.constant("expire" as const), batchSize: fc.constantFrom(1, 2, 2000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ take: fc.constant("enrol" as const), account, plan: fc.constantFrom("free", "keep") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ take: fc.constant("distribute" as const), batchSize: fc.constantFrom(1, 2, 2000) }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("freeze" as const), account, frozen: fc.boolean() }) },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
export const steps = fc.array(step, { minLength: 1, maxLength: 30, size: "max" });

export interface World extends AsyncDisposable {
  readonly database: Database;
  /** Empties the ledger. */
  reset(): Promise<void>;
}

/** One session for all steps: its clock is set once for each wait instead of once for each statement. */
export async function openWorld(url: string): Promise<World> {
  const pool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 });
  const database = connect(pool);
  await database.query("set synchronous_commit = off");
  return {
    database,
    reset: async () => {
      await database.query(`set session_replication_role = replica;
        delete from tallystick.credit_allocation; delete from tallystick.credit_lot;
        delete from tallystick.credit_transaction; delete from tallystick.credit_enrolment;
        delete from tallystick.user_credit; set session_replication_role = origin`);
    },
    [Symbol.asyncDispose]: async () => pool.end(),
  };
}

/** Takes the steps; throws at the first difference from the model, and when the audit finds anything at the end. */
export async function takeSteps({ database, reset }: World, list: readonly Step[]): Promise<void> {
  await reset();
  const model = new LedgerModel(start, plans);
  await setClock(database, model.now);
  for (const [index, next] of list.entries()) {
    const expected = await onModel(model, next);
    const lots = await lotNumbers(database);
    const answered = await onLedger(database, model.now, next, lots);
    same(`answer of step ${index} ${JSON.stringify(next)}`, answered, expected);
    same(`state after step ${index} ${JSON.stringify(next)}`, await picture(database), model.picture());
    if (index % 10 === 9 || index === list.length - 1) {
      const { violations } = await audit(database);
      if (violations.length > 0) throw new Error(`audit after step ${index}: ${JSON.stringify(violations)}`);
    }
  }
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}\n ledger: ${JSON.stringify(actual)}\n model:  ${JSON.stringify(expected)}`);
}

async function onModel(model: LedgerModel, next: Step): Promise<Answer | number | boolean | null> {
  switch (next.take) {
    case "grant":
      return model.grant(next.account, { ...next, ...moments(model.now, next) });
    case "consume":
      return model.consume(next.account, next);
    case "wait":
      model.now += next.hours * hour;
      return null;
    case "expire":
      return model.expire();
    case "distribute":
      return model.distribute();
    case "enrol":
      return model.enrol(next.account, next.plan);
    case "freeze": {
      const frozen = model.accounts.get(next.account);
      if (frozen) frozen.frozen = next.frozen;
      return null;
    }
  }
}

async function onLedger(
  database: Database,
  now: number,
  next: Step,
  lots: ReadonlyMap<string, number>,
): Promise<Answer | number | boolean | null> {
  switch (next.take) {
    case "grant":
      return answerOf(async () => grantStep(database, now, next), lots);
    case "consume":
      return answerOf(
        async () =>
          consume(database, {
            ...named(next.account),
            amount: next.amount,
            ...optional({ feature: next.feature, idempotencyKey: next.key }),
          }),
        lots,
      );
    case "wait":
      await setClock(database, now);
      return null;
    case "expire":
      return (await expire(database, { batchSize: next.batchSize })).expired;
    case "distribute":
      return (await distributeCredits(database, plans, { batchSize: next.batchSize })).count;
    case "enrol":
      return (await enrol(database, plans, { ...named(next.account), planId: next.plan })).created;
    case "freeze": {
      const { userId, unit } = named(next.account);
      const at = next.frozen ? "clock_timestamp()" : "null";
      await database.query(`update tallystick.user_credit set frozen_at = ${at} where user_id = $1 and unit = $2`, [
        userId,
        unit,
      ]);
      return null;
    }
  }
}

type GrantStep = Extract<Step, { take: "grant" }>;

async function grantStep(database: Database, now: number, next: GrantStep): Promise<Stored> {
  const { effectiveAt, expiresAt } = moments(now, next);
  const times = {
    effectiveAt: effectiveAt === null ? null : new Date(effectiveAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
  const { amount: credits, priority, scope } = next;
  if (scope === null) {
    return grant(database, {
      ...named(next.account),
      type: "adjustment",
      amount: credits,
      priority,
      ...optional({ ...times, idempotencyKey: next.key }),
    });
  }
  const { userId, unit } = named(next.account);
  const stored = await callFunction<Stored & { outcome: string }>(database, "grant_credits", {
    p_user_id: userId,
    p_unit: unit,
    p_type: "adjustment",
    p_amount: credits,
    p_priority: priority,
    p_scope: [scope],
    p_effective_at: times.effectiveAt,
    p_expires_at: times.expiresAt,
    p_idempotency_key: next.key,
  });
  return stored;
}

interface Stored {
  readonly outcome?: string;
  readonly balance: number;
  readonly available: number;
  readonly replayed: boolean;
  readonly allocations?: readonly { readonly lotId: string; readonly amount: number }[];
}

async function answerOf(work: () => Promise<Stored>, lots: ReadonlyMap<string, number>): Promise<Answer> {
  try {
    const { outcome = "ok", balance, available, replayed, allocations = [] } = await work();
    if (outcome !== "ok") return { refused: outcome };
    return {
      balance,
      available,
      replayed,
      draws: allocations.map((draw) => [lots.get(draw.lotId) ?? 0, draw.amount] as const),
    };
  } catch (error) {
    if (isTallystickError(error)) return { refused: error.code };
    throw error;
  }
}

function moments(
  now: number,
  { effectiveIn, expiresIn }: GrantStep,
): { effectiveAt: number | null; expiresAt: number | null } {
  return {
    effectiveAt: effectiveIn === null ? null : now + effectiveIn * hour,
    expiresAt: expiresIn === null ? null : now + expiresIn * hour,
  };
}

function named(name: string): { userId: string; unit: string } {
  const [userId = "", unit = ""] = name.split("/");
  return { userId, unit };
}

function optional<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

async function setClock(database: Database, now: number): Promise<void> {
  await database.query("select set_config('tallystick.now', $1, false)", [new Date(now).toISOString()]);
}

async function lotNumbers(database: Database): Promise<Map<string, number>> {
  const rows = await database.query<{ id: number; seq: number }>(
    "select id, seq from tallystick.credit_transaction where amount > 0",
  );
  return new Map(rows.map(({ id, seq }) => [String(id), seq]));
}

async function picture(database: Database): Promise<unknown> {
  const [row] = await database.query<{ picture: unknown }>(`
    select coalesce(jsonb_object_agg(account.user_id || '/' || account.unit, jsonb_build_object(
      'book', account.current_credits, 'seq', account.seq,
      'shown', jsonb_build_array(shown.it -> 'balance', shown.it -> 'available', shown.it -> 'held', shown.it -> 'debt'),
      'burn', (select coalesce(jsonb_agg(jsonb_build_array(entry.seq, lot.it -> 'remaining') order by lot.n), '[]')
        from jsonb_array_elements(shown.it -> 'lots') with ordinality lot (it, n)
        join tallystick.credit_transaction entry on entry.id = (lot.it ->> 'id')::bigint),
      'entries', (select coalesce(jsonb_agg(jsonb_build_array(type, amount, balance_after, (
          select coalesce(jsonb_agg(jsonb_build_array(lot_entry.seq, draw.amount) order by draw.n), '[]')
          from tallystick.credit_allocation draw join tallystick.credit_transaction lot_entry on lot_entry.id = draw.lot_id
          where draw.transaction_id = entry.id)) order by seq), '[]')
        from tallystick.credit_transaction entry where entry.account_id = account.id),
      'lots', (select coalesce(jsonb_agg(jsonb_build_array(entry.seq, lot.amount, lot.remaining_amount,
          lot.expiration_date_processed_at is not null) order by entry.seq), '[]')
        from tallystick.credit_lot lot join tallystick.credit_transaction entry on entry.id = lot.id
        where lot.account_id = account.id))), '{}') as picture
    from tallystick.user_credit account
    cross join lateral (select tallystick.credit_balance(account.user_id, account.unit) as it) shown`);
  return row?.picture;
}
