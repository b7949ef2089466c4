// The sandbox's world: opens its tables, and lets one change after another happen. Changes wait for each other under one
// lock, so that no two requests, ticks or processes see the same invoice unpaid; reads wait for nobody.
import { connect, type Database, type DatabaseSource, type Queryable } from "../../../../db/database.ts";
import type { Cause } from "../events/event.ts";
import { Refusal } from "../protocol/refusal.ts";
import { createChange, type Change, type Surroundings } from "./change.ts";
import { readSettings } from "./settings.ts";
import { tables } from "./tables.ts";

// Any constant will do that nothing else in the database takes.
const CHANGE_LOCK = 7_823_645_512;

export const noCause: Cause = { id: null, idempotency_key: null };

export interface World {
  readonly database: Database;
  readonly surroundings: Surroundings;
  /** Creates what is missing. */
  open(): Promise<void>;
  /** Commits what `work` did when it returns, and when it throws a refusal that keeps it. */
  change<T>(work: (change: Change) => Promise<T>, cause?: Cause): Promise<T>;
  read<T>(work: (change: Change) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface WorldOptions extends Surroundings {
  readonly database: DatabaseSource;
  /** Called after every commit: there may be something to deliver or to do. */
  readonly onCommit: () => void;
}

export function createWorld({ database: source, onCommit, ...surroundings }: WorldOptions): World {
  const database = connect(source);
  const open = async (tx: Queryable, cause: Cause): Promise<Change> => {
    const settings = await readSettings(tx);
    const [clock] = await tx.query<{ now: number }>(
      "select floor(extract(epoch from clock_timestamp()))::bigint as now",
    );
    return createChange({ tx, surroundings, settings, cause, now: (clock?.now ?? 0) + settings.clock_offset_s });
  };
  return {
    database,
    surroundings,
    open: async () =>
      database.transaction(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [CHANGE_LOCK]);
        await tx.query(tables);
      }),
    async change(work, cause = noCause) {
      const kept: Refusal[] = [];
      const result = await database.transaction(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [CHANGE_LOCK]);
        try {
          return { value: await work(await open(tx, cause)) };
        } catch (error) {
          if (!(error instanceof Refusal) || !error.keeps) throw error;
          kept.push(error);
          return null;
        }
      });
      onCommit();
      const [refusal] = kept;
      if (refusal !== undefined) throw refusal;
      if (result === null) throw new Error("A change ended without a result.");
      return result.value;
    },
    read: async (work) => work(await open(database, noCause)),
    close: async () => database.close(),
  };
}
