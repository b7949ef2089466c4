// The catalog compared with what the providers sell: a price that is missing, inactive or another than the catalog says
// fails when somebody pays, which is late.
import type { Catalog, CatalogPrice } from "./catalog.ts";
import type { PriceState } from "./provider-queries.ts";
import type { PaymentProvider } from "./provider.ts";

export interface CatalogProblem {
  readonly priceId: string;
  /** Of the plan or pack. */
  readonly name: string;
  readonly problem: string;
}

export interface CatalogCheck {
  /** Prices that were compared: each at the provider that has it. */
  readonly checked: number;
  readonly problems: readonly CatalogProblem[];
}

const TIMEOUT_MS = 10_000;

/** Asks every provider that can be asked. Without one nothing is checked. @throws provider_unavailable */
export async function checkCatalog(catalog: Catalog, providers: readonly PaymentProvider[]): Promise<CatalogCheck> {
  const asked = providers.flatMap(({ price }) => price ?? []);
  if (asked.length === 0) return { checked: 0, problems: [] };
  const problems: CatalogProblem[] = [];
  for (const expected of catalog.prices) {
    const states: (PriceState | null)[] = [];
    for (const ask of asked) states.push(await ask(expected.id, AbortSignal.timeout(TIMEOUT_MS)));
    const found = states.find((state) => state !== null);
    for (const problem of compare(expected, found))
      problems.push({ priceId: expected.id, name: expected.name, problem });
  }
  return { checked: catalog.prices.length, problems };
}

function compare(expected: CatalogPrice, found: PriceState | null | undefined): string[] {
  if (!found) return ["no provider has this price"];
  const problems: string[] = [];
  if (!found.active) problems.push("is archived: nobody can buy it");
  if (found.interval !== expected.interval) {
    problems.push(`is paid ${words[found.interval]}, and in the catalog ${words[expected.interval]}`);
  }
  if (expected.currency !== null && found.amounts[expected.currency] !== expected.amount) {
    const amount = found.amounts[expected.currency];
    problems.push(
      `costs ${amount ?? "nothing fixed"} ${expected.currency}, and in the catalog ${expected.amount} ${expected.currency} (minor units)`,
    );
  }
  return problems;
}

const words: Readonly<Record<PriceState["interval"], string>> = {
  month: "monthly",
  year: "yearly",
  once: "once",
  other: "in another interval",
};
