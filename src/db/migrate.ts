// Brings a database to this version: numbered migrations once each, the SQL functions whenever their text changed.
import { TallystickError } from "../kernel/errors.ts";
import { sha256 } from "../kernel/sha256.ts";
import type { Database, Queryable } from "./database.ts";
import { migrations } from "./migrations.generated.ts";

export interface SqlFile {
  readonly name: string;
  readonly sql: string;
}

export interface MigrateResult {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** True when the SQL functions were installed anew. */
  readonly functionsReplaced: boolean;
}

// Any constant will do, as long as every version of the library takes the same one.
const MIGRATION_LOCK = 7_823_645_511;

// Every statement that decides by time reads this function, so that tests can set the time of a transaction.
const base = `
  create schema if not exists tallystick;
  create table if not exists tallystick.migration (
    name text primary key,
    hash text not null,
    applied_at timestamptz not null default clock_timestamp()
  );
  create or replace function tallystick.clock() returns timestamptz language sql volatile parallel safe as
    $$ select coalesce(nullif(current_setting('tallystick.now', true), '')::timestamptz, clock_timestamp()) $$;
`;

// Replacing alone would leave a second function beside one whose parameters changed, and calls by name would be ambiguous.
// Trigger functions belong to migrations.
const dropFunctions = `
  do $$ declare old regprocedure;
  begin
    for old in select oid from pg_proc where pronamespace = 'tallystick'::regnamespace and prorettype <> 'trigger'::regtype loop
      execute 'drop function ' || old;
    end loop;
  end $$;
`;

/**
 * Migrates in one transaction under an advisory lock: several processes may call it at once, one works, the others find
 * it done. A migration that was applied is never run again; one whose text was edited afterwards is refused.
 * @throws invalid_state when an applied migration differs from the one of this version, or is unknown to it
 */
export async function migrate(
  database: Database,
  functions: readonly SqlFile[],
  ofThisVersion: readonly SqlFile[] = migrations,
): Promise<MigrateResult> {
  return database.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    if (!(await isPrepared(tx))) await runScript(tx, base);
    const rows = await tx.query<{ name: string; hash: string }>("select name, hash from tallystick.migration");
    const known = new Map(rows.map((row) => [row.name, row.hash]));
    const applied: string[] = [];
    for (const migration of ofThisVersion) {
      const hash = await sha256(migration.sql);
      const before = known.get(migration.name);
      if (before === hash) continue;
      if (before !== undefined) {
        throw new TallystickError(
          "invalid_state",
          `Migration ${migration.name} was applied with other text; migrations are never edited, add a new one.`,
        );
      }
      await runScript(tx, migration.sql);
      await record(tx, migration.name, hash);
      applied.push(migration.name);
    }
    refuseNewer(unknownTo(known, ofThisVersion));
    const functionHash = await digestOf(functions);
    const functionsReplaced = known.get("functions") !== functionHash;
    if (functionsReplaced) {
      await runScript(tx, dropFunctions);
      await runScript(tx, base);
      for (const file of functions) await runScript(tx, file.sql);
      await record(tx, "functions", functionHash);
    }
    return { applied, functionsReplaced };
  });
}

export interface MigrationState {
  /** Migrations of this version that the database lacks, in order. */
  readonly pending: readonly string[];
  /** False when the SQL functions in the database are of another version. */
  readonly functionsCurrent: boolean;
  /** Applied migrations that this version does not know: a newer one was here, and `migrate` refuses. */
  readonly unknown: readonly string[];
}

/** Says what `migrate` would do, without doing it. */
export async function migrationState(queryable: Queryable, functions: readonly SqlFile[]): Promise<MigrationState> {
  const rows = (await isPrepared(queryable))
    ? await queryable.query<{ name: string; hash: string }>("select name, hash from tallystick.migration")
    : [];
  const known = new Map(rows.map((row) => [row.name, row.hash]));
  return {
    pending: migrations.flatMap(({ name }) => (known.has(name) ? [] : [name])),
    functionsCurrent: known.get("functions") === (await digestOf(functions)),
    unknown: unknownTo(known, migrations),
  };
}

async function isPrepared(tx: Queryable): Promise<boolean> {
  const [row] = await tx.query<{ present: boolean }>(
    "select to_regclass('tallystick.migration') is not null as present",
  );
  return row?.present === true;
}

// A statement list without parameters goes over the simple protocol, which runs them all.
async function runScript(tx: Queryable, text: string): Promise<void> {
  await tx.query(text);
}

async function record(tx: Queryable, name: string, hash: string): Promise<void> {
  await tx.query(
    `insert into tallystick.migration (name, hash) values ($1, $2)
     on conflict (name) do update set hash = excluded.hash, applied_at = clock_timestamp()`,
    [name, hash],
  );
}

function refuseNewer(unknown: readonly string[]): void {
  if (unknown.length > 0) {
    throw new TallystickError(
      "invalid_state",
      `The database was migrated by a newer version (${unknown.join(", ")}); install that version or later.`,
    );
  }
}

function unknownTo(known: ReadonlyMap<string, string>, ofThisVersion: readonly SqlFile[]): string[] {
  const names = new Set(ofThisVersion.map(({ name }) => name));
  return [...known.keys()].filter((name) => name !== "functions" && !names.has(name));
}

async function digestOf(functions: readonly SqlFile[]): Promise<string> {
  return sha256([base, ...functions.map(({ sql }) => sql)].join("\n"));
}
