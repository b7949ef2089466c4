// Prices by the names that the catalog gives them: what `setUp` made has an id of Stripe's own, and the catalog's name in
// its metadata and as its lookup key.
import type { PaymentFact } from "../../provider.ts";
import { unanswered, type StripeApi } from "./api.ts";
import { PRICE_METADATA } from "./price.ts";
import { record, text } from "./read.ts";

export interface PriceNames {
  /** Puts the catalog's names in the place of ids that the catalog does not know. @throws provider_unavailable */
  name(facts: readonly PaymentFact[], knows: (id: string) => boolean, api: StripeApi): Promise<readonly PaymentFact[]>;
}

/** Remembers the names that were found: a price keeps its own. */
export function createPriceNames(): PriceNames {
  const found = new Map<string, string>();
  async function nameOf(id: string, knows: (id: string) => boolean, api: StripeApi): Promise<string> {
    const known = knows(id) ? id : found.get(id);
    if (known !== undefined) return known;
    const answer = await api.price(id);
    if (answer.outcome === "unavailable") throw unanswered(`price ${id}`, answer);
    if (answer.outcome !== "found") return id;
    const names = [text(record(answer.value.metadata)[PRICE_METADATA]), text(answer.value.lookup_key)];
    const name = names.find((each) => each !== null && knows(each)) ?? null;
    if (name === null) return id;
    found.set(id, name);
    return name;
  }
  return {
    async name(facts, knows, api) {
      const named = new Map<string, string>();
      for (const id of facts.flatMap(pricesOf)) {
        if (!named.has(id)) named.set(id, await nameOf(id, knows, api));
      }
      return facts.map((fact) => withNames(fact, (id) => named.get(id) ?? id));
    },
  };
}

function pricesOf(fact: PaymentFact): readonly string[] {
  if (fact.kind === "checkout_paid" || fact.kind === "invoice_paid") {
    return fact.lines.flatMap(({ priceId }) => priceId ?? []);
  }
  if (fact.kind === "subscription_changed") return fact.subscription.items.map(({ priceId }) => priceId);
  return fact.kind === "trial_ending" ? fact.items.map(({ priceId }) => priceId) : [];
}

function withNames(fact: PaymentFact, name: (id: string) => string): PaymentFact {
  const named = <Item extends { readonly priceId: string | null }>(item: Item): Item =>
    item.priceId === null ? item : { ...item, priceId: name(item.priceId) };
  if (fact.kind === "checkout_paid") return { ...fact, lines: fact.lines.map(named) };
  if (fact.kind === "invoice_paid") return { ...fact, lines: fact.lines.map(named) };
  if (fact.kind === "subscription_changed") {
    return { ...fact, subscription: { ...fact.subscription, items: fact.subscription.items.map(named) } };
  }
  return fact.kind === "trial_ending" ? { ...fact, items: fact.items.map(named) } : fact;
}
