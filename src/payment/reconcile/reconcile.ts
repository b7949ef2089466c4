// Finds what a provider says happened and was never told here, and gives it its effect by the same way as a webhook.
import type { Database } from "../../db/database.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { PaymentProvider } from "../provider.ts";
import { comparePage, type Recovered } from "./compare.ts";

export interface ReconcileInput {
  /** From when on; Stripe lists events for 30 days. */
  readonly since: Date;
  /** Up to when; default 5 minutes ago, because webhooks of what is newer may be under way. */
  readonly until?: Date | undefined;
  /** Begin no page after this many milliseconds; default no limit. */
  readonly budgetMs?: number | undefined;
  /** Where to go on, of a run that was not complete. */
  readonly position?: string | undefined;
  readonly onProgress?: ((report: ReconcileReport) => void) | undefined;
}

export interface ReconcileReport {
  readonly provider: string;
  readonly since: Date;
  readonly until: Date;
  /** What was looked at, by kind, such as `{ events: 120, invoices: 14 }`. */
  readonly seen: Readonly<Record<string, number>>;
  /** What was not known here, by kind; its events were stored and are handled by the next drain. */
  readonly missing: Readonly<Record<string, number>>;
  /** The first 100 of the events that were stored. */
  readonly recovered: readonly Recovered[];
  /** What is wrong with how the provider is set up to send its events. */
  readonly problems: readonly string[];
  /** Null: all was looked at. Else where to go on. */
  readonly position: string | null;
}

export const IN_FLIGHT_MS = 5 * 60_000;
const PAGE_TIMEOUT_MS = 20_000;
const SHOWN = 100;

/**
 * Compares page by page. What is found is stored at once, so that a run that ends early loses nothing, and a second one,
 * also at the same time, stores nothing twice.
 * @throws invalid_request; not_found when the provider can't be asked; provider_unavailable
 */
export async function reconcile(
  database: Database,
  provider: PaymentProvider,
  input: ReconcileInput,
  maxAttempts: number,
): Promise<ReconcileReport> {
  const readPage = provider.happened;
  if (readPage === undefined) {
    throw new TallystickError("not_found", `Payment provider ${provider.name} can't be asked; give it a secret key.`);
  }
  const until = input.until ?? new Date((await now(database)).getTime() - IN_FLIGHT_MS);
  if (Number.isNaN(input.since.getTime()) || input.since >= until) {
    throw new TallystickError("invalid_request", "since must be a time before until.");
  }
  const deadline = performance.now() + (input.budgetMs ?? Number.POSITIVE_INFINITY);
  const problems = (await provider.webhookProblems?.(AbortSignal.timeout(PAGE_TIMEOUT_MS))) ?? [];
  const seen: Record<string, number> = {};
  const missing: Record<string, number> = {};
  const recovered: Recovered[] = [];
  let position: string | null = input.position ?? null;
  const report = (): ReconcileReport => ({
    provider: provider.name,
    since: input.since,
    until,
    seen: { ...seen },
    missing: { ...missing },
    recovered: recovered.slice(0, SHOWN),
    problems,
    position,
  });
  do {
    const page = await readPage({ since: input.since, until, position, signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
    const found = await comparePage(database, provider.name, page.happened, maxAttempts);
    seen[page.of] = (seen[page.of] ?? 0) + page.happened.length;
    if (found.length > 0) missing[page.of] = (missing[page.of] ?? 0) + found.length;
    recovered.push(...found);
    position = page.next;
    input.onProgress?.(report());
  } while (position !== null && performance.now() < deadline);
  return report();
}

async function now(database: Database): Promise<Date> {
  const [row] = await database.query<{ at: Date }>("select tallystick.clock() as at");
  return row?.at ?? new Date();
}

/** The sum of counts by kind. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
