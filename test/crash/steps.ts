// Named steps inside the ledger's statements: triggers that stop a marked connection before and after each of its writes,
// so that it can be killed there. A step is named by its number, its table and what is done.
import pg from "pg";
import type { Database } from "../../src/db/database.ts";

// Whoever is to be stopped waits for this advisory lock, which the test holds.
const GATE = 7_001;

export interface Gate extends AsyncDisposable {
  /** Waits until a victim has come to its step; answers the step's name, or undefined when it ended before. */
  stopped(
    victim: string,
    ended: Promise<unknown>,
  ): Promise<{ readonly name: string; readonly pid: number } | undefined>;
  /** Lets every victim go on. */
  open(): Promise<void>;
  /** Stops victims again. */
  close(): Promise<void>;
}

/** The connection string of a victim that stops at its n-th step. */
export function victimUrl(url: string, victim: string, step: number, more = ""): string {
  const marked = new URL(url);
  marked.searchParams.set("options", `-c crash.victim=${victim} -c crash.stop_at=${step} ${more}`);
  marked.searchParams.set("application_name", victim);
  return marked.href;
}

/** Puts the triggers on every table of the schema and closes the gate. */
export async function setGate(
  url: string,
  database: Database,
  moments: readonly ("before" | "after")[] = ["before", "after"],
): Promise<Gate> {
  await database.query(`create schema if not exists crash`);
  await database.query(`create or replace function crash.step() returns trigger language plpgsql set lock_timeout = 0 as $$
    declare
      n integer := coalesce(nullif(current_setting('crash.step', true), ''), '0')::integer + 1;
    begin
      if coalesce(current_setting('crash.victim', true), '') = '' then return null; end if;
      perform set_config('crash.step', n::text, false);
      if n = current_setting('crash.stop_at')::integer then
        perform set_config('application_name', format('%s: %s. %s %s %s', current_setting('crash.victim'), n,
          lower(tg_when), lower(tg_op), tg_table_name), false);
        perform pg_advisory_lock_shared(${GATE});
        perform pg_advisory_unlock_shared(${GATE});
      end if;
      return null;
    end $$`);
  const tables = await database.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'tallystick'::regnamespace and relkind = 'r' and relname <> 'migration'",
  );
  for (const { name } of tables) {
    for (const moment of moments) {
      await database.query(`create trigger crash_${moment} ${moment} insert or update or delete on tallystick.${name}
        for each statement execute function crash.step()`);
    }
  }
  const holder = new pg.Client(url);
  await holder.connect();
  await holder.query(`select pg_advisory_lock(${GATE})`);
  const look = async (victim: string): Promise<{ name: string; pid: number } | undefined> => {
    const [row] = await database.query<{ name: string; pid: number }>(
      `select application_name as name, pid from pg_stat_activity
       where datname = current_database() and application_name like $1 || ': %' and wait_event = 'advisory'`,
      [victim],
    );
    return row;
  };
  return {
    async stopped(victim, ended) {
      let over = false;
      const watch = ended.then(
        () => (over = true),
        () => (over = true),
      );
      for (;;) {
        const row = await look(victim);
        if (row !== undefined) return { pid: row.pid, name: row.name.slice(victim.length + 2) };
        if (over) return undefined;
        await Promise.race([watch, new Promise((resolve) => setTimeout(resolve, 5))]);
      }
    },
    async open() {
      await holder.query(`select pg_advisory_unlock(${GATE})`);
    },
    async close() {
      await holder.query(`select pg_advisory_lock(${GATE})`);
    },
    async [Symbol.asyncDispose]() {
      await holder.end();
    },
  };
}

/** Resolves when no backend of a victim is left: what it had not committed is rolled back. */
export async function untilGone(database: Database, victim: string): Promise<void> {
  for (;;) {
    const rows = await database.query(
      "select from pg_stat_activity where datname = current_database() and application_name like $1 || '%'",
      [victim],
    );
    if (rows.length === 0) return;
  }
}
