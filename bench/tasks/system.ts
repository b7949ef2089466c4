// What the task systems have in common: each enqueues jobs, and runs them with the same effect, one row of the product's
// updated by its primary key.
import pg from "pg";

export interface Job {
  readonly account: number;
  /** Tells jobs apart where that matters. */
  readonly sample?: number;
}

/** single: one at a time, claimed and settled by itself. batches: the best that the system documents. idle: as a product runs it, waiting. */
export type Mode = "single" | "batches" | "idle";

export interface Hooks {
  /** The handler begins. */
  readonly begun: (job: Job) => void;
  /** The effect is written; where it is part of the completion's transaction, that is not committed yet. */
  readonly ended: (job: Job) => void;
}

export interface TaskSystem {
  /** One job, and its wake where the system has any. */
  enqueue(job: Job): Promise<void>;
  enqueueMany(jobs: readonly Job[]): Promise<void>;
  /** Empties the queue and what it keeps of ended jobs. */
  clear(): Promise<void>;
  /** Jobs that are not done. */
  left(): Promise<number>;
  /** Begins to run jobs; resolves to what ends it, once running ones are settled. */
  work(mode: Mode): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface Places {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

export const accounts = 10_000;
export const poolSize = 10;
/** Of the systems that are told how many to take at once. */
export const batchSize = 50;
export const effect = "update bench.account set runs = runs + 1 where id = $1";

export async function createProduct(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(
      `create schema bench;
       create table bench.account (id integer primary key, runs integer not null default 0) with (fillfactor = 70);
       insert into bench.account (id) select generate_series(0, ${accounts - 1});
       analyze bench.account`,
    );
  });
}

/** How often the effect was written, by whichever system. */
export async function countEffects(databaseUrl: string): Promise<number> {
  return withClient(databaseUrl, async (client) => countOf(client, "select sum(runs) as count from bench.account"));
}

export async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function countOf(client: pg.Client | pg.Pool, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(sql);
  return Number(rows[0]?.count);
}
