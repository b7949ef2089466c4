// The database port on a pg pool.
import type pg from "pg";
import { databaseError } from "./database-error.ts";
import type { Database, Ending, Queryable, Succession } from "./port.ts";
import { rowTypes } from "./row-types.ts";
import { rolledBack, statementsOf } from "./statements.ts";

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

// One round trip, and independent of the server's default isolation.
const BEGIN = "begin isolation level read committed";

export function fromPool(
  pool: pg.Pool,
  { preparedStatements = false }: { readonly preparedStatements?: boolean },
  close: () => Promise<void>,
): Database {
  guardClients(pool);

  function succession(follows: () => boolean): Succession {
    let begun: pg.PoolClient | undefined;
    // Who waits for a connection is served before the next transaction.
    const goesOn = (): boolean => !(pool.waitingCount > 0) && follows();

    async function open(): Promise<pg.PoolClient> {
      return pool.connect().catch((cause: unknown) => {
        throw databaseError(cause);
      });
    }

    return {
      async transaction(work, ending) {
        const isBegun = begun !== undefined;
        const client = begun ?? (await open());
        begun = undefined;
        // Of a client that is not given back to the pool.
        let broken: Error | undefined;
        const queryable = fromClient(client, preparedStatements);
        const statements = statementsOf(queryable);
        try {
          if (!isBegun) await client.query(BEGIN);
          const result = await work(statements.tx).finally(statements.end);
          const next = await commit(client, queryable, ending?.(result), goesOn);
          if (next === "begun") begun = client;
          else broken = next;
          return result;
        } catch (cause) {
          broken = await rollback(client);
          throw databaseError(cause);
        } finally {
          if (begun !== client) client.release(broken);
        }
      },
      async end() {
        const client = begun;
        begun = undefined;
        if (client !== undefined) client.release(await rollback(client));
      },
    };
  }

  return {
    query: fromClient(pool, preparedStatements).query,
    transaction: succession(() => false).transaction,
    succession,
    poolSize: pool.options?.max ?? 10,
    close,
  };
}

/** @throws what the ending or the commit throws; then all is undone. A next one that can't be begun breaks the client alone. */
async function commit(
  client: pg.PoolClient,
  queryable: Queryable,
  ending: Ending | undefined,
  follows: () => boolean,
): Promise<"begun" | Error | undefined> {
  // Without pipelining pg would keep them back and warn.
  if (!client.pipeline) {
    if (ending !== undefined) await queryable.query(ending.text, ending.values);
    isCommitted(await client.query("commit"));
    return undefined;
  }
  // A commit behind an ending that failed rolls back, and what the next one begins is rolled back with it.
  const ended = ending && queryable.query(ending.text, ending.values);
  const committed = client.query("commit").then(isCommitted);
  const begins = follows() ? client.query(BEGIN).then(() => "begun" as const, asError) : undefined;
  // All are waited for: an answer that is left behind would be read in the next transaction.
  const settled = await Promise.allSettled([ended, committed, begins]);
  for (const each of settled) if (each.status === "rejected") throw each.reason;
  return begins;
}

// Postgres answers the commit of a transaction in which a statement failed, and was passed over, as if nothing were wrong.
function isCommitted({ command }: pg.QueryResult): void {
  if (command === "ROLLBACK") throw rolledBack();
}

/** Answers the error of a client that can't. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  return client.query("rollback").then(() => undefined, asError);
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

export function fromClient(client: Pick<pg.ClientBase, "query"> | pg.Pool, preparedStatements = false): Queryable {
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
