// What is to be there at Stripe, made where it is missing: products, prices, and the endpoint that is sent exactly the
// events that have an effect here. Nothing that is there is changed but the endpoint's list of events.
import type Stripe from "stripe";
import type { CatalogPrice } from "../../catalog.ts";
import type { SetUpInput, SetUpResult } from "../../provider-queries.ts";
import { createClient, stripeApi, type ApiOptions, type StripeApi } from "./api.ts";
import { explained, isMissing } from "./explained.ts";
import { handledTypes } from "./facts.ts";
import { findPrice, PRICE_METADATA, priceState } from "./price.ts";
import { required, text } from "./read.ts";

const TIMEOUT_MS = 60_000;

/** @throws provider_unavailable; invalid_request when Stripe refuses what the catalog asks for */
export async function setUpStripe(options: ApiOptions, { prices, webhookUrl }: SetUpInput): Promise<SetUpResult> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const api = stripeApi(options, signal);
  const stripe = await createClient(options, signal);
  return explained(async () => {
    const made: SetUpResult["prices"][number][] = [];
    for (const price of prices) made.push(await setUpPrice(stripe, api, price));
    return { prices: made, endpoint: webhookUrl === undefined ? null : await setUpEndpoint(stripe, webhookUrl) };
  });
}

async function setUpPrice(stripe: Stripe, api: StripeApi, price: CatalogPrice): Promise<SetUpResult["prices"][number]> {
  const { id, amount, currency, interval } = price;
  const found = await findPrice(api, id);
  if (found !== null) {
    const { interval: theirs, amounts } = priceState(found);
    const agrees = theirs === interval && (currency === null || amounts[currency] === amount);
    return { id, providerId: text(found.id), outcome: agrees ? "kept" : "differs" };
  }
  if (amount === null || currency === null) return { id, providerId: null, outcome: "unpriced" };
  const created = await stripe.prices.create(
    {
      product: await productOf(stripe, price),
      currency,
      unit_amount: amount,
      lookup_key: id,
      metadata: { [PRICE_METADATA]: id },
      ...(interval !== "once" && { recurring: { interval } }),
    },
    { idempotencyKey: `tallystick-price-${id}-${amount}-${currency}-${interval}` },
  );
  return { id, providerId: created.id, outcome: "created" };
}

/** One product for each plan and pack, under an id of ours, so that two runs at once make one. */
async function productOf(stripe: Stripe, { of, name }: CatalogPrice): Promise<string> {
  const id = `tallystick_${of.replace(":", "_").replaceAll(/[^A-Za-z0-9_-]/g, "-")}`;
  try {
    return (await stripe.products.retrieve(id)).id;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return (await stripe.products.create({ id, name }, { idempotencyKey: `tallystick-product-${id}` })).id;
}

async function setUpEndpoint(stripe: Stripe, url: string): Promise<SetUpResult["endpoint"]> {
  const wanted = [...handledTypes] as Stripe.WebhookEndpointCreateParams.EnabledEvent[];
  const endpoints = await stripe.webhookEndpoints.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  const found = endpoints.find((endpoint) => endpoint.url === url);
  if (found === undefined) {
    const created = await stripe.webhookEndpoints.create({ url, enabled_events: wanted, description: "tallystick" });
    return { id: created.id, outcome: "created", secret: required(text(created.secret), "endpoint secret") };
  }
  const isSame =
    found.enabled_events.length === wanted.length && wanted.every((type) => found.enabled_events.includes(type));
  if (isSame && found.status === "enabled") return { id: found.id, outcome: "kept", secret: null };
  await stripe.webhookEndpoints.update(found.id, { enabled_events: wanted, disabled: false });
  return { id: found.id, outcome: "updated", secret: null };
}
