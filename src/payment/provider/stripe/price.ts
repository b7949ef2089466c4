// A price of Stripe's, as far as the catalog can be compared with it.
import type { PriceState } from "../../provider-queries.ts";
import { unanswered, type StripeApi } from "./api.ts";
import { currency, integer, record, text, type Json } from "./read.ts";

// Under this name a price's metadata keeps the catalog's id for ever; a lookup key may move to another price.
export const PRICE_METADATA = "tallystick_price";

/** By Stripe's own id, or by the name that it has there. Null when Stripe knows none. @throws provider_unavailable */
export async function findPrice(api: StripeApi, id: string): Promise<Json | null> {
  const answer = await api.price(id);
  if (answer.outcome === "found") return answer.value;
  if (answer.outcome !== "missing") throw unanswered(`price ${id}`, answer);
  const named = await api.pricesNamed(id);
  if (named.outcome === "missing") return null;
  if (named.outcome !== "found") throw unanswered(`prices named ${id}`, named);
  const own = text(named.value[0]?.id);
  return own === null || own === id ? null : findPrice(api, own);
}

/** Null when Stripe knows no such price. @throws provider_unavailable */
export async function readPrice(api: StripeApi, id: string): Promise<PriceState | null> {
  const price = await findPrice(api, id);
  return price && priceState(price);
}

export function priceState(price: Json): PriceState {
  return { active: price.active === true, interval: intervalOf(price), amounts: amountsOf(price) };
}

function intervalOf({ recurring }: Json): PriceState["interval"] {
  if (recurring === null || recurring === undefined) return "once";
  const { interval, interval_count: count } = record(recurring);
  if (interval === "month" && count === 12) return "year";
  return (interval === "month" || interval === "year") && (count ?? 1) === 1 ? interval : "other";
}

// One price may have amounts of several currencies. Tiers and amounts that the payer chooses are no fixed amount.
function amountsOf(price: Json): Readonly<Record<string, number>> {
  const options = Object.entries(record(price.currency_options)).map(([code, option]): [string, unknown] => [
    code,
    record(option).unit_amount,
  ]);
  const own: [string, unknown] = [currency(price.currency), price.unit_amount];
  const amounts = [own, ...options].flatMap(([code, value]): [string, number][] => {
    const amount = integer(value);
    return amount === null || text(code) === null ? [] : [[code, amount]];
  });
  return Object.fromEntries(amounts);
}
