// The ledger alone on a database of its own, without engine, provider or handlers.
import pg from "pg";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import type { PlanTerms } from "../../src/credits/plan-terms.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { createTestDatabase } from "../support/database.ts";

export const plans: readonly PlanTerms[] = [
  { id: "free", credits: 50, validDays: 30 },
  { id: "pro", credits: 1000, validDays: 30 },
  { id: "keep", credits: 7, validDays: null },
];

export interface Ledger extends AsyncDisposable {
  readonly url: string;
  readonly credits: Credits;
  /** The same database as the ledger's, for planting and for looking. */
  readonly database: Database;
  /** What the ledger takes for now; undefined: the server's clock. */
  now: Date | undefined;
}

export interface LedgerOptions {
  readonly now?: Date | undefined;
  readonly poolSize?: number;
  readonly plans?: readonly PlanTerms[];
}

/** Opens a ledger on an empty migrated database. */
export async function openLedger(options: LedgerOptions = {}): Promise<Ledger> {
  const url = await createTestDatabase();
  const database = connect(url, {
    poolSize: options.poolSize ?? 5,
    ...(options.now !== undefined && { clock: () => ledger.now ?? new Date() }),
  });
  const ledger: Ledger = {
    url,
    database,
    credits: createCredits(database, options.plans ?? plans),
    now: options.now,
    [Symbol.asyncDispose]: async () => database.close(),
  };
  return ledger;
}

/** Runs statements that the ledger refuses, as faults are planted: triggers and rules don't fire in a replica's session. */
export async function plant(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

export const hour = 3_600_000;
export const day = 24 * hour;

/** Moves the ledger's clock. */
export function pass(ledger: Ledger, milliseconds: number): void {
  if (ledger.now === undefined) throw new Error("this ledger's clock is the server's");
  ledger.now = new Date(ledger.now.getTime() + milliseconds);
}

/** Audits the ledger and closes it. @throws when any equation is broken */
export async function closeAudited(ledger: Ledger): Promise<void> {
  const { violations } = await ledger.credits.audit();
  await ledger[Symbol.asyncDispose]();
  if (violations.length > 0) throw new Error(`the audit finds ${JSON.stringify(violations)}`);
}
