// Parameters that would change an amount and that the sandbox does not reckon with: they are refused, because passing
// them over would charge something else than Stripe.
import type { Params } from "./params.ts";
import { invalid } from "./refusal.ts";

const unsupported = [
  "add_invoice_items",
  "application_fee_amount",
  "application_fee_percent",
  "coupon",
  "default_tax_rates",
  "discounts",
  "promotion_code",
  "shipping_options",
  "tax_rates",
  "tiers",
  "transfer_data",
  "transform_quantity",
];

/** @throws Refusal parameter_unknown */
export function refuseUnsupported(params: Params): void {
  const name = unsupported.find((candidate) => params.has(candidate));
  const taxed = params.nested("automatic_tax").flag("enabled") === true;
  if (name === undefined && !taxed) return;
  const param = name ?? "automatic_tax[enabled]";
  throw invalid(`Received unknown parameter: ${param}. The sandbox has no discounts, taxes, tiers and transfers.`, {
    code: "parameter_unknown",
    param,
  });
}
