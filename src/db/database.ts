// The database port on whatever the caller has: a connection string, a pg pool, or a Drizzle database or transaction.
import type { SQL } from "drizzle-orm";
import pg from "pg";
import { TallystickError } from "../kernel/errors.ts";
import { databaseError } from "./database-error.ts";
import { fromClient, fromPool } from "./pool.ts";
import type { Database, Queryable, Transact } from "./port.ts";
import { normaliseRows } from "./row-types.ts";
import { rolledBack, statementsOf } from "./statements.ts";

export type { Database, Queryable } from "./port.ts";

/** What `database` accepts: a connection string, a pg Pool, or a Drizzle database on Postgres. */
export type DatabaseSource = string | pg.Pool | DrizzleDatabase;
/** What `{ tx }` accepts: a pg client inside a transaction, or a Drizzle transaction. */
export type TransactionSource = pg.ClientBase | DrizzleTransaction | Queryable;

/** The part of Drizzle's Postgres transaction that is used; structural, so any Drizzle version and driver fits. */
export interface DrizzleTransaction {
  execute(query: SQL): PromiseLike<unknown>;
}
export interface DrizzleDatabase extends DrizzleTransaction {
  transaction<T>(
    work: (tx: DrizzleTransaction) => Promise<T>,
    config?: { isolationLevel: "read committed" },
  ): Promise<T>;
}

export interface ConnectOptions {
  /** Connections in the pool that a connection string opens: 5, or 1 where each request is a process of its own. */
  poolSize?: number;
  /** Statements are parsed once a connection and not at each use. Not through a pooler that knows no prepared statements. */
  preparedStatements?: boolean;
  /** A fixed time for tests: `clock()` in SQL answers it inside every transaction. */
  clock?: () => Date;
}

/** Opens the database port on whatever the caller has. No connection is made before the first query. */
export function connect(source: DatabaseSource, options: ConnectOptions = {}): Database {
  const database = open(source, options);
  return options.clock ? withClock(database, options.clock) : database;
}

function open(source: DatabaseSource, options: ConnectOptions): Database {
  if (typeof source === "string") {
    const poolSize = options.poolSize ?? 5;
    const pool = new pg.Pool({
      connectionString: source,
      max: poolSize,
      connectionTimeoutMillis: 10_000,
      // What a transaction ends with travels together.
      pipeline: true,
    });
    // An idle connection that breaks emits here; without a listener Node ends the process. The next query reconnects.
    pool.on("error", () => undefined);
    let ended: Promise<void> | undefined;
    return fromPool(pool, options, async () => (ended ??= pool.end()));
  }
  if (isPool(source)) return fromPool(source, options, async () => undefined);
  if (isDrizzle(source)) return fromDrizzle(source, options.poolSize ?? 5);
  throw new TallystickError(
    "invalid_request",
    "database must be a Postgres connection string, a pg Pool or a Drizzle database.",
  );
}

function isPool(source: unknown): source is pg.Pool {
  return hasMethod(source, "connect") && hasMethod(source, "query");
}

function isDrizzle(source: unknown): source is DrizzleDatabase {
  return hasMethod(source, "execute") && hasMethod(source, "transaction");
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function";
}

function fromDrizzle(source: DrizzleDatabase, poolSize: number): Database {
  const transaction: Transact = async (work, ending) => {
    try {
      return await source.transaction(
        async (drizzle) => {
          const queryable = fromDrizzleExecutor(drizzle);
          const statements = statementsOf(queryable);
          const result = await work(statements.tx).finally(statements.end);
          const last = ending?.(result);
          if (last !== undefined) await queryable.query(last.text, last.values);
          // Drizzle passes on no answer to its commit: whether a failure that was passed over leaves anything to commit.
          else if (statements.hasFailed()) {
            await queryable.query("select 1").catch((cause: unknown) => {
              throw rolledBack(cause);
            });
          }
          return result;
        },
        { isolationLevel: "read committed" },
      );
    } catch (cause) {
      throw databaseError(cause); // of Drizzle's own begin, commit and rollback
    }
  };
  return {
    query: fromDrizzleExecutor(source).query,
    transaction,
    succession: () => ({ transaction, end: async () => undefined }),
    poolSize,
    close: async () => undefined,
  };
}

function fromDrizzleExecutor(executor: DrizzleTransaction): Queryable {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      // Whoever passes a Drizzle database has the module; for all others it is never loaded.
      const { sql } = await import("drizzle-orm");
      // Drizzle takes parameters as chunks of a template, not as $1 … $n.
      const chunks = text
        .split(/\$(\d+)/)
        .map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql`${bindable(values[Number(part) - 1])}`));
      try {
        return normaliseRows(await executor.execute(sql.join(chunks))) as Row[];
      } catch (cause) {
        throw databaseError(cause);
      }
    },
  };
}

// Drizzle would expand an array into a list of parameters; Postgres' own array text is one.
function bindable(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    return `{${value.map((item) => (item === null ? "null" : quoted(String(item)))).join(",")}}`;
  }
  return value;
}

// Not JSON's escapes: in an array's text a backslash only makes the next character literal.
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** Joins a caller's transaction: the library's statements run on it, and the caller commits. */
export function joinTransaction(source: TransactionSource): Queryable {
  if (hasMethod(source, "execute")) return fromDrizzleExecutor(source as DrizzleTransaction);
  if (hasMethod(source, "on")) return fromClient(source as pg.ClientBase);
  if (hasMethod(source, "query")) return source as Queryable;
  throw new TallystickError("invalid_request", "tx must be a pg client or a Drizzle transaction.");
}

function withClock(database: Database, clock: () => Date): Database {
  const within =
    (transact: Transact): Transact =>
    async (work, ending) =>
      transact(async (tx) => {
        await tx.query("select set_config('tallystick.now', $1, true)", [clock().toISOString()]);
        return work(tx);
      }, ending);
  const transaction = within(database.transaction);
  return {
    ...database,
    transaction,
    succession(follows) {
      const succession = database.succession(follows);
      return { ...succession, transaction: within(succession.transaction) };
    },
    query: async <Row>(text: string, values?: readonly unknown[]) =>
      transaction(async (tx) => tx.query<Row>(text, values)),
  };
}
