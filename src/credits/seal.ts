// seal: signs what the journal has gained, range by range, off the path of those who spend.
import type { Database, Queryable } from "../db/database.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { sign, type SealKeys } from "./seal/keys.ts";

export interface SealResult {
  /** Ranges signed, one for an account and batch. */
  readonly sealed: number;
  readonly entries: number;
  /** Ranges with entries missing: they are not signed, and the audit names them. */
  readonly torn: number;
  /** Whether every account was looked at; false: the time was over, and the next call goes on. */
  readonly complete: boolean;
}

interface SealableRange {
  readonly account_id: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly entries: number;
  readonly digest: string;
  readonly previous: string;
}

export interface SealBatch {
  readonly found: number;
  readonly after: number;
  readonly sealed: number;
  readonly entries: number;
  readonly torn: number;
}

// Of one account at a time, and of all accounts of a batch together.
const ENTRIES_OF_A_BATCH = 20_000;

/**
 * Signs the entries that no seal covers, one transaction a batch, without any lock that a spender waits for. Safe twice
 * at once: a range has one seal, whoever comes first. Safe to stop: what is sealed stays, and a next call finds the rest.
 */
export async function seal(database: Database, keys: SealKeys, budget: BudgetInput = {}): Promise<SealResult> {
  let after = 0;
  let [sealed, entries, torn] = [0, 0, 0];
  const { finished } = await runBatches(budget, {
    countDue: async () => 0,
    runBatch: async (batchSize) => {
      const batch = await sealBatch(database, keys, after, batchSize);
      sealed += batch.sealed;
      entries += batch.entries;
      torn += batch.torn;
      if (batch.found > 0) after = batch.after;
      return { done: batch.sealed, credits: 0, next: batch.found > 0 ? { after } : null };
    },
  });
  return { sealed, entries, torn, complete: finished };
}

/** Seals the next range of up to `accounts` accounts behind one; `after` is where the next batch goes on. */
export async function sealBatch(
  queryable: Queryable,
  keys: SealKeys,
  after: number,
  accounts: number,
): Promise<SealBatch> {
  const ranges = await queryable.query<SealableRange>("select * from tallystick.sealable_ranges($1, $2, $3)", [
    after,
    accounts,
    ENTRIES_OF_A_BATCH,
  ]);
  const last = ranges.at(-1);
  const whole = ranges.filter(({ from_seq, to_seq, entries }) => entries === to_seq - from_seq + 1);
  const stored = whole.length === 0 ? [] : await store(queryable, keys, whole);
  return {
    found: ranges.length,
    sealed: stored.length,
    entries: stored.reduce((sum, { entries }) => sum + entries, 0),
    torn: ranges.length - whole.length,
    // An account with more entries than a batch takes goes on in the next one.
    after: last === undefined ? after : last.account_id - (last.entries === ENTRIES_OF_A_BATCH ? 1 : 0),
  };
}

async function store(
  queryable: Queryable,
  keys: SealKeys,
  ranges: readonly SealableRange[],
): Promise<{ entries: number }[]> {
  const seals = ranges.map(({ account_id, from_seq, to_seq, digest, previous }) =>
    sign(keys, keys.currentId, {
      accountId: String(account_id),
      fromSeq: from_seq,
      toSeq: to_seq,
      digest,
      previous,
    })?.toString("hex"),
  );
  return queryable.query<{ entries: number }>(
    `insert into tallystick.credit_seal (account_id, from_seq, to_seq, key_id, seal, created_at)
     select range.account_id, range.from_seq, range.to_seq, $5, decode(range.seal, 'hex'), tallystick.clock()
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) as range (account_id, from_seq, to_seq, seal)
     order by 1 on conflict (account_id, from_seq) do nothing returning to_seq - from_seq + 1 as entries`,
    [
      ranges.map(({ account_id }) => account_id),
      ranges.map(({ from_seq }) => from_seq),
      ranges.map(({ to_seq }) => to_seq),
      seals,
      keys.currentId,
    ],
  );
}
