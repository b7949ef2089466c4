// The database port: one method to query, one to open a transaction. Everything above speaks SQL through it,
// so that a connection string, a pg pool, or the caller's own Drizzle database and transaction all serve.
import type { SQL } from "drizzle-orm";
import pg from "pg";
import { TallystickError } from "../kernel/errors.ts";
import { databaseError } from "./database-error.ts";
import { normaliseRows, rowTypes } from "./row-types.ts";

export interface Queryable {
  /** Runs one statement. bigint comes back as a safe integer, timestamptz as Date, json parsed, on every driver. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** Runs `work` in one READ COMMITTED transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** How many connections the pool may open; work on more than that waits for itself. */
  readonly poolSize: number;
  /** Ends the pool if the library opened it; a pool that the caller passed is left open. */
  close(): Promise<void>;
}

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
    const pool = new pg.Pool({ connectionString: source, max: poolSize, connectionTimeoutMillis: 10_000 });
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

const guarded = new WeakSet<object>();

// Every client has a listener of ours for its life. The pool has one on those that are idle alone: of a client that it hands
// on, a backend that is killed at that moment would end the process, when what Postgres says last stands in one packet
// with the answer before. So it is added in the event and not where the client has arrived, which is a turn later.
function guardClients(pool: pg.Pool): void {
  if (guarded.has(pool)) return;
  guarded.add(pool);
  pool.on("acquire", (client) => {
    if (guarded.has(client)) return;
    guarded.add(client);
    client.on("error", () => undefined);
  });
}

function fromPool(pool: pg.Pool, { preparedStatements = false }: ConnectOptions, close: () => Promise<void>): Database {
  guardClients(pool);
  return {
    query: fromClient(pool, preparedStatements).query,
    async transaction(work) {
      const client = await pool.connect().catch((cause: unknown) => {
        throw databaseError(cause);
      });
      let failure: unknown;
      try {
        // One round trip, and independent of the server's default isolation.
        await client.query("begin isolation level read committed");
        const result = await work(fromClient(client, preparedStatements));
        await client.query("commit");
        return result;
      } catch (cause) {
        failure = cause;
        await client.query("rollback").catch((rollbackError: unknown) => {
          failure = new AggregateError([cause, rollbackError], "the transaction and its rollback failed", { cause });
        });
        throw databaseError(failure instanceof AggregateError ? cause : failure);
      } finally {
        // A client whose rollback failed is not returned to the pool.
        client.release(failure instanceof AggregateError ? failure : undefined);
      }
    },
    poolSize: pool.options?.max ?? 10,
    close,
  };
}

function fromClient(client: Pick<pg.ClientBase, "query"> | pg.Pool, preparedStatements = false): Queryable {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      try {
        // No `name` unless it is asked for: named prepared statements do not survive every transaction pooler.
        // Without values pg speaks the simple protocol, which takes several statements (migrations).
        const result = await client.query({
          text,
          types: rowTypes,
          ...(values.length > 0 && { values: [...values], ...(preparedStatements && { name: statementName(text) }) }),
        });
        return (result.rows ?? []) as Row[];
      } catch (cause) {
        throw databaseError(cause);
      }
    },
  };
}

const statementNames = new Map<string, string>();
let statementPrefix: string | undefined;

// Of this copy of the library alone, as a caller's pool may be shared with others who name theirs. All texts are written in
// the code: few.
function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    statementPrefix ??= `tallystick_${crypto.randomUUID().replaceAll("-", "")}`;
    name = `${statementPrefix}_${statementNames.size}`;
    statementNames.set(text, name);
  }
  return name;
}

function fromDrizzle(source: DrizzleDatabase, poolSize: number): Database {
  return {
    query: fromDrizzleExecutor(source).query,
    async transaction(work) {
      try {
        return await source.transaction(async (tx) => work(fromDrizzleExecutor(tx)), {
          isolationLevel: "read committed",
        });
      } catch (cause) {
        throw databaseError(cause); // of Drizzle's own begin, commit and rollback
      }
    },
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
  const transaction: Database["transaction"] = async (work) =>
    database.transaction(async (tx) => {
      await tx.query("select set_config('tallystick.now', $1, true)", [clock().toISOString()]);
      return work(tx);
    });
  return {
    ...database,
    transaction,
    query: async <Row>(text: string, values?: readonly unknown[]) =>
      transaction(async (tx) => tx.query<Row>(text, values)),
  };
}
