// What a tick does for proof: goes on with the audit and with sealing, within a share of its time.
import type { Database, Queryable } from "../../db/database.ts";
import { invalid } from "../input.ts";
import type { SealKeys } from "../seal/keys.ts";
import type { WatchInput, WatchResult } from "./watch.ts";

export interface ProofOptions {
  readonly auditHours?: number | undefined;
  readonly sealHours?: number | undefined;
}

/** What an audit that goes on by itself has found; the key is the run's, so that a run is announced once. */
export interface ProofFailure {
  readonly key: string;
  readonly runId: number;
  readonly violations: number;
  readonly findings: readonly {
    readonly accountId: string | null;
    readonly equation: string;
    readonly detail: string;
  }[];
}

interface ProofWork {
  readonly name: string;
  run(budgetMs: number): Promise<WatchResult>;
}

const HOUR_MS = 3_600_000;
const FINDINGS = 5;

/** The parts of a tick that prove the ledger; none when `options` is false. @throws invalid_request */
export function createProof(
  database: Database,
  keys: SealKeys | undefined,
  options: ProofOptions | false | undefined,
  onFailed: (tx: Queryable, failure: ProofFailure) => Promise<void>,
): readonly ProofWork[] {
  if (options === false) return [];
  const { auditHours = 24, sealHours = 1 } = options ?? {};
  if (!(auditHours > 0 && sealHours > 0)) throw invalid("proof's auditHours and sealHours must be above 0.");
  const inputOf = (budgetMs: number, hours: number): WatchInput => ({
    // Tasks that wait come after; half of what is left is theirs.
    budgetMs: budgetMs / 2,
    intervalMs: hours * HOUR_MS,
    keys,
    onFailed: async (tx, runId, violations) =>
      onFailed(tx, {
        key: `audit.failed:${runId}`,
        runId,
        violations: violations.length,
        findings: violations
          .slice(0, FINDINGS)
          .map(({ accountId, equation, detail }) => ({ accountId, equation, detail })),
      }),
  });
  // Loaded by the tick, not with the module: the equations are long.
  const watching = async () => import("./watch.ts");
  const audit = {
    name: "audit",
    run: async (budgetMs: number) => (await watching()).watch(database, inputOf(budgetMs, auditHours)),
  };
  if (keys === undefined) return [audit];
  return [
    {
      name: "seal",
      run: async (budgetMs) => (await watching()).watchSeals(database, { ...inputOf(budgetMs, sealHours), keys }),
    },
    audit,
  ];
}
