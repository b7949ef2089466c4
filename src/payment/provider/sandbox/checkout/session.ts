// Checkout sessions as they are made: what is sold, to whom, and what comes of it.
import { invalid } from "../protocol/refusal.ts";
import type { Session, SessionLine } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Customer, Metadata, Price } from "../store/document.ts";
import { createId } from "../store/ids.ts";

const DAY_S = 86_400;

export interface NewSession {
  readonly mode: Session["mode"];
  readonly lines: readonly { readonly price: Price; readonly quantity: number }[];
  readonly currency: string | null;
  readonly customer: Customer | null;
  readonly customer_email: string | null;
  readonly customer_creation: string | null;
  readonly client_reference_id: string | null;
  readonly metadata: Metadata;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  readonly expires_at: number | null;
  readonly invoice_creation: boolean;
  readonly invoice_metadata: Metadata;
  readonly payment_method_types: readonly string[];
  readonly ui_mode: string;
  readonly intent: Session["_intent"];
  readonly subscription: Session["_subscription"];
}

/** Opens a session; it waits for its payer until it expires. @throws Refusal */
export async function createSession(change: Change, given: NewSession): Promise<Session> {
  const recurring = given.lines.filter(({ price }) => price.recurring !== null).length;
  if (given.mode === "subscription" && recurring === 0) {
    throw invalid("You must provide at least one recurring price in `subscription` mode.", { param: "line_items" });
  }
  if (given.mode === "payment" && recurring > 0) {
    throw invalid(
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
      { param: "line_items" },
    );
  }
  if (given.mode !== "setup" && given.lines.length === 0) {
    throw invalid("Missing required param: line_items.", { code: "parameter_missing", param: "line_items" });
  }
  const id = createId("cs_test", 58);
  const lines = given.lines.map((line) => lineDocument(line));
  const trial = given.subscription.trial_days !== null || given.subscription.trial_end !== null;
  const total = lines
    .filter(({ price }) => !(trial && price.recurring !== null))
    .reduce((sum, line) => sum + line.amount_total, 0);
  const session = await change.create(sessionDocument(change, { id, given, lines, total }), null);
  await change.plan(id, "expire_session", session.expires_at);
  return session;
}

function lineDocument({ price, quantity }: { price: Price; quantity: number }): SessionLine {
  const amount = price.unit_amount * quantity;
  return {
    id: createId("li"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: price.nickname ?? price.id,
    metadata: {},
    price,
    quantity,
  };
}

function sessionDocument(
  change: Change,
  { id, given, lines, total }: { id: string; given: NewSession; lines: readonly SessionLine[]; total: number },
): Session {
  const isSetup = given.mode === "setup";
  const sum = isSetup ? null : total;
  const hosted = given.ui_mode === "hosted" || given.ui_mode === "hosted_page";
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    amount_subtotal: sum,
    amount_total: sum,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: given.cancel_url,
    client_reference_id: given.client_reference_id,
    client_secret: hosted ? null : createId(`${id}_secret`),
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: change.now,
    currency: isSetup ? null : (lines[0]?.price.currency ?? given.currency),
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: given.customer?.id ?? null,
    customer_account: null,
    customer_creation:
      given.mode === "payment" && given.customer === null ? (given.customer_creation ?? "if_required") : null,
    customer_details: null,
    customer_email: given.customer_email,
    discounts: [],
    expires_at: given.expires_at ?? change.now + DAY_S,
    integration_identifier: null,
    invoice: null,
    invoice_creation:
      given.mode === "payment"
        ? { enabled: given.invoice_creation, invoice_data: { ...noInvoiceData, metadata: given.invoice_metadata } }
        : null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: given.metadata,
    mode: given.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: given.mode === "subscription" ? "always" : null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: given.payment_method_types,
    payment_status: isSetup || total === 0 ? "no_payment_required" : "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: given.success_url,
    total_details: isSetup ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: given.ui_mode,
    url: hosted ? `${change.surroundings.origin()}/c/pay/${id}` : null,
    wallet_options: null,
    _lines: lines,
    _intent: given.intent,
    _subscription: given.subscription,
  };
}

const noInvoiceData = {
  account_tax_ids: null,
  custom_fields: null,
  description: null,
  footer: null,
  issuer: null,
  rendering_options: null,
};
