// What the tests of the engine share: an engine with a plain connection to its database, closed when the test ends.
import { onTestFinished } from "vitest";
import { connect, type Database } from "../../src/db/database.ts";
import type { Tallystick } from "../../src/index.ts";
import type { TallystickOptions } from "../../src/options.ts";
import { createTestEngine } from "../support/engine.ts";

export interface Setup {
  readonly tally: Tallystick;
  readonly databaseUrl: string;
  /** Another pool on the engine's database. */
  readonly sql: Database;
}

/** Makes an engine on a database of its own, or on the one given. */
export async function setUp(options: Partial<TallystickOptions> = {}): Promise<Setup> {
  const { tally, databaseUrl } = await createTestEngine(options);
  const sql = connect(databaseUrl);
  onTestFinished(async () => {
    await tally.close();
    await sql.close();
  });
  return { tally, databaseUrl, sql };
}

/** A promise with its resolver: a signal between a test and the code that it runs. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/** Makes every waiting task due now, as if the time of its delay had passed. */
export async function skipDelays(sql: Database): Promise<void> {
  await sql.query(
    "update tallystick.task set run_at = clock_timestamp() where status = 'pending' and run_at > clock_timestamp()",
  );
  await sql.query(
    `update tallystick.task_lane set ready_at = clock_timestamp(), paused_until = null
     where ready_at > clock_timestamp() and lease_token is null`,
  );
}

/** Makes every lease run out, as if its worker had been dead for long. */
export async function expireLeases(sql: Database): Promise<void> {
  await sql.query("update tallystick.task set lease_until = clock_timestamp() where status = 'running'");
  await sql.query("update tallystick.task_lane set ready_at = clock_timestamp() where lease_token is not null");
}

/** Resolves when so many backends of this database wait for locks that others hold. */
export async function untilBlocked(sql: Database, sqlLike: string, backends = 1): Promise<void> {
  for (;;) {
    const rows = await sql.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
      [sqlLike],
    );
    if (rows.length >= backends) return;
  }
}

export interface Entry {
  readonly user_id: string;
  readonly type: string;
  readonly amount: number;
}

/** The whole journal, each account in its order; ids and times are left out, so that two runs can be compared. */
export async function journal(sql: Database): Promise<Entry[]> {
  return sql.query<Entry>(
    `select account.user_id, entry.type, entry.amount from tallystick.credit_transaction entry
     join tallystick.user_credit account on account.id = entry.account_id order by account.user_id, entry.seq`,
  );
}
