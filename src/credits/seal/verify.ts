// Verifies seals: each range's entries as they stand now, under the key that signed them, chained from the first entry on.
import type { Queryable } from "../../db/database.ts";
import { SEAL_EQUATION } from "../audit/equations.ts";
import type { IdRange } from "../audit/scope.ts";
import type { Violation } from "../audit/violation.ts";
import { isSealOf, type SealKeys } from "./keys.ts";

/** What the seals prove. */
export interface SealReport {
  /** Seals verified. */
  readonly checked: number;
  /** Entries under them. */
  readonly entries: number;
  /** Entries that no seal covers yet: what was written since the last run of sealing, or lost its seals. */
  readonly unsealed: number;
  readonly violations: readonly Violation[];
}

export function sealsOf(...reports: readonly SealReport[]): SealReport {
  return {
    checked: reports.reduce((sum, { checked }) => sum + checked, 0),
    entries: reports.reduce((sum, { entries }) => sum + entries, 0),
    unsealed: reports.reduce((sum, { unsealed }) => sum + unsealed, 0),
    violations: reports.flatMap(({ violations }) => violations),
  };
}

interface StoredSeal {
  readonly account_id: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly key_id: string;
  readonly seal: string;
  readonly entries: number;
  readonly digest: string;
}

const PAGE = 2_000;
const LAST_ID = Number.MAX_SAFE_INTEGER;

/**
 * Verifies the seals of the accounts in a range, or all. Finds entries that were altered, removed, added or put into
 * another order after they were sealed, seals that are missing before another one, and seals of an unknown key. It can't
 * find that the last seals of an account were removed: their entries then count as unsealed.
 */
export async function verifySeals(
  database: Queryable,
  keys: SealKeys,
  range: IdRange | undefined,
  limit: number,
  onChecked: (checked: number) => void = () => undefined,
): Promise<SealReport> {
  const violations: Violation[] = [];
  const to = range?.to ?? LAST_ID;
  let position = { account: (range?.from ?? 1) - 1, fromSeq: LAST_ID, toSeq: 0, seal: "" };
  let [checked, entries] = [0, 0];
  for (;;) {
    const page = await database.query<StoredSeal>("select * from tallystick.sealed_ranges($1, $2, $3, $4)", [
      position.account,
      position.fromSeq,
      to,
      PAGE,
    ]);
    for (const stored of page) {
      const isFirst = stored.account_id !== position.account;
      const before = isFirst ? { toSeq: 0, seal: "" } : position;
      const fault = faultOf(keys, stored, before);
      if (fault !== undefined && violations.length < limit) violations.push(violationOf(stored, fault));
      position = { account: stored.account_id, fromSeq: stored.from_seq, toSeq: stored.to_seq, seal: stored.seal };
      entries += stored.entries;
    }
    checked += page.length;
    onChecked(checked);
    if (page.length < PAGE) break;
  }
  return {
    checked,
    entries,
    unsealed: await unsealedEntries(database, range),
    violations: await withUserIds(database, violations),
  };
}

function faultOf(
  keys: SealKeys,
  stored: StoredSeal,
  before: { readonly toSeq: number; readonly seal: string },
): string | undefined {
  if (stored.from_seq > before.toSeq + 1) {
    return `the seals of entries ${before.toSeq + 1} to ${stored.from_seq - 1} are missing`;
  }
  if (stored.from_seq <= before.toSeq) return `it overlaps the seal up to ${before.toSeq}`;
  const sealed = stored.to_seq - stored.from_seq + 1;
  if (stored.entries !== sealed) return `${sealed} entries were sealed and there are ${stored.entries}`;
  const range = {
    accountId: String(stored.account_id),
    fromSeq: stored.from_seq,
    toSeq: stored.to_seq,
    digest: stored.digest,
    previous: before.seal,
  };
  switch (isSealOf(keys, stored.key_id, range, stored.seal)) {
    case undefined:
      return `its key ${stored.key_id} is not configured`;
    case false:
      return "its entries, or a seal, are not what was signed";
    case true:
      return undefined;
  }
}

function violationOf(stored: StoredSeal, fault: string): Violation {
  return {
    equation: SEAL_EQUATION.name,
    number: SEAL_EQUATION.number,
    userId: null,
    unit: null,
    accountId: String(stored.account_id),
    entryId: null,
    lotId: null,
    holdId: null,
    paymentId: null,
    limitId: null,
    actual: null,
    expected: null,
    detail: `seal of entries ${stored.from_seq} to ${stored.to_seq}: ${fault}`,
  };
}

async function withUserIds(database: Queryable, violations: readonly Violation[]): Promise<Violation[]> {
  const rows = await database.query<{ id: string; userId: string; unit: string }>(
    `select id::text, user_id as "userId", unit from tallystick.user_credit where id = any ($1)`,
    [violations.map(({ accountId }) => accountId)],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return violations.map((violation) => {
    const account = byId.get(violation.accountId ?? "");
    return { ...violation, userId: account?.userId ?? null, unit: account?.unit ?? null };
  });
}

async function unsealedEntries(database: Queryable, range: IdRange | undefined): Promise<number> {
  const [row] = await database.query<{ unsealed: number }>(
    `select greatest(0, (select coalesce(sum(seq), 0) from tallystick.user_credit where id between $1 and $2)
       - (select coalesce(sum(to_seq - from_seq + 1), 0) from tallystick.credit_seal where account_id between $1 and $2)) as unsealed`,
    [range?.from ?? 0, range?.to ?? LAST_ID],
  );
  return row?.unsealed ?? 0;
}
