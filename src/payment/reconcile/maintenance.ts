// What a tick does to reconcile: each provider that can be asked, within a share of the tick's time.
import type { Database } from "../../db/database.ts";
import { isTallystickError, TallystickError } from "../../kernel/errors.ts";
import type { PaymentProvider } from "../provider.ts";
import { watchProvider, type WatchOptions, type WatchResult } from "./watch.ts";

export interface ReconcilingWork {
  readonly name: string;
  run(budgetMs: number): Promise<WatchResult>;
}

const HOUR_MS = 3_600_000;
// Less is not enough for a page of a slow provider.
const LEAST_MS = 1_000;
const nothing: WatchResult = { seen: 0, missing: 0, complete: false };

/** None when `options` is false, and of providers that can't be asked. @throws invalid_request */
export function createReconciling(
  database: Database,
  providers: readonly PaymentProvider[],
  options: { readonly hours?: number | undefined } | false | undefined,
  watch: Omit<WatchOptions, "intervalMs">,
): readonly ReconcilingWork[] {
  if (options === false) return [];
  const { hours = 24 } = options ?? {};
  if (!(hours > 0)) throw new TallystickError("invalid_request", "reconcile's hours must be above 0.");
  return providers
    .filter(({ happened }) => happened !== undefined)
    .map((provider) => ({
      name: `reconcile-${provider.name}`,
      async run(budgetMs) {
        if (budgetMs < LEAST_MS) return nothing;
        try {
          // Tasks that wait come after; half of what is left is theirs.
          return await watchProvider(database, provider, budgetMs / 2, { ...watch, intervalMs: hours * HOUR_MS });
        } catch (error) {
          // The next tick asks again; a provider's outage is no failure of what this tick has to do.
          if (!isTallystickError(error) || error.code !== "provider_unavailable") throw error;
          return { ...nothing, unavailable: error.message };
        }
      },
    }));
}
