// A ledger on one session, whose clock is set once for each wait instead of once for each statement, and whose writes
// can be made to fail.
import pg from "pg";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { plans } from "./ledger-fixture.ts";

export interface World extends AsyncDisposable {
  readonly database: Database;
  readonly credits: Credits;
  /** Empties the ledger. */
  reset(): Promise<void>;
  setClock(now: number): Promise<void>;
  /** Ends a backend from another session. The pool then opens a new one, which needs the clock again. */
  terminate(backend: number): Promise<void>;
}

const tables = [
  "credit_spend_counter",
  "credit_spend_limit",
  "credit_hold_lot",
  "credit_hold",
  "credit_allocation",
  "credit_lot",
  "credit_transaction",
  "credit_return",
  "credit_enrolment",
  "user_credit",
];

/** What a write that was made to fail says. */
export const ABORTED = "aborted at a write";

export async function openWorld(url: string): Promise<World> {
  const pool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 });
  // A terminated backend's client emits here when it is idle.
  pool.on("error", () => undefined);
  const other = new pg.Client(url);
  await other.connect();
  const database = connect(pool, { preparedStatements: true });
  await database.query(abortTriggers());
  const setClock = async (now: number): Promise<void> => {
    await database.query(
      `select set_config('tallystick.now', $1, false), set_config('synchronous_commit', 'off', false),
        set_config('test.abort_at', '', false)`,
      [new Date(now).toISOString()],
    );
  };
  const emptied = tables.map((table) => `delete from tallystick.${table};`).join("\n");
  return {
    database,
    credits: createCredits(database, plans),
    setClock,
    reset: async () => {
      await database.query(`begin; set local session_replication_role = replica; ${emptied} commit`);
    },
    terminate: async (backend) => {
      // One that lives on would commit what the history takes for lost.
      const { rows } = await other.query<{ ended: boolean }>("select pg_terminate_backend($1, 60000) as ended", [
        backend,
      ]);
      if (rows[0]?.ended !== true) throw new Error("The backend did not end within a minute.");
    },
    [Symbol.asyncDispose]: async () => {
      await other.end();
      await pool.end();
    },
  };
}

// Counts a transaction's written rows down, and raises at the one that is told.
function abortTriggers(): string {
  const triggers = tables.map(
    (table) => `create trigger test_abort after insert or update or delete on tallystick.${table}
      for each row execute function tallystick.test_abort();`,
  );
  return `create function tallystick.test_abort() returns trigger language plpgsql as $$
    declare
      writes_left integer := nullif(current_setting('test.abort_at', true), '')::integer;
    begin
      if writes_left is null then return null; end if;
      if writes_left <= 1 then raise exception '${ABORTED}'; end if;
      perform set_config('test.abort_at', (writes_left - 1)::text, false);
      return null;
    end $$;
    ${triggers.join("\n")}`;
}
