// Payment methods: made from a well-known name, a token or numbers, and attached to customers.
import type { Json } from "../../stripe/read.ts";
import type { Params } from "../protocol/params.ts";
import { invalid, Refusal } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Conduct, Customer, PaymentMethod } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { testCard, testDebit, testMethodNamed, type TestMethod } from "./test-methods.ts";

const noAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
const noDetails = { address: noAddress, email: null, name: null, phone: null, tax_id: null };

/** The method of an id; a well-known name is a new method at each use, as in Stripe. */
export async function methodOf(change: Change, id: string): Promise<PaymentMethod> {
  const known = testMethodNamed(id);
  return known === null ? change.get("payment_method", id, "payment_method") : createMethod(change, known);
}

/** Makes the method that `POST /v1/payment_methods` describes. */
export async function methodFrom(change: Change, params: Params): Promise<PaymentMethod> {
  const type = params.required("type");
  const details = billingDetails(params.nested("billing_details"));
  const fields = { billing_details: details, metadata: params.metadata() };
  if (type === "card") {
    const card = params.nested("card");
    const token = card.text("token");
    const method = token === null ? testCard(card.required("number")) : testMethodNamed(token);
    if (method === null) throw invalid(`No such token: '${token}'`, { code: "resource_missing", param: "card[token]" });
    return createMethod(change, method, fields);
  }
  if (type === "sepa_debit") {
    return createMethod(change, testDebit(type, params.nested("sepa_debit").required("iban")), fields);
  }
  if (type === "us_bank_account") {
    const account = params.nested("us_bank_account").required("account_number");
    return createMethod(change, testDebit(type, account), fields);
  }
  throw invalid(`The sandbox has no payment method of type ${type}.`, { param: "type" });
}

export async function createMethod(change: Change, method: TestMethod, fields: Json = {}): Promise<PaymentMethod> {
  const document: PaymentMethod = {
    id: createId("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: noDetails,
    created: change.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: method.type,
    [method.type]: detailsOf(method),
    ...fields,
    _conduct: method.conduct,
  };
  return change.create(document, null);
}

/** Attaches the method, after the check that a card network would make. @throws Refusal 402 when it refuses */
export async function attach(change: Change, method: PaymentMethod, customer: Customer): Promise<PaymentMethod> {
  if (method.customer === customer.id) return method;
  if (method.customer !== null) {
    throw invalid("The payment method you provided has already been attached to a customer.", {
      code: "payment_method_unexpected_state",
    });
  }
  if (method._conduct.refusesAttachment === true) throw declineOf(method._conduct);
  return change.update(method, { customer: customer.id }, "payment_method.attached");
}

/** The error that a declined card is answered with; without an effect, unless the caller keeps one. */
export function declineOf({ decline }: Conduct, more: { keeps?: boolean; fields?: Json } = {}): Refusal {
  const { message = "Your card was declined.", ...codes } = decline ?? { code: "card_declined" };
  return new Refusal(402, { type: "card_error", message, ...codes, ...more.fields }, { keeps: more.keeps ?? false });
}

function billingDetails(params: Params): Json {
  const address = params.nested("address");
  const addressFields = Object.keys(noAddress).map((name) => [name, address.text(name)]);
  const fields = ["email", "name", "phone"].map((name) => [name, params.text(name)]);
  return { ...noDetails, ...Object.fromEntries(fields), address: Object.fromEntries(addressFields) };
}

function detailsOf(method: TestMethod): Json {
  const last4 = method.number.slice(-4);
  if (method.type === "sepa_debit") {
    return { bank_code: "19043", branch_code: "", country: method.number.slice(0, 2), fingerprint: last4, last4 };
  }
  if (method.type === "us_bank_account") {
    return { account_holder_type: "individual", account_type: "checking", bank_name: "STRIPE TEST BANK", last4 };
  }
  return {
    brand: method.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
    country: "US",
    display_brand: method.brand,
    exp_month: 12,
    exp_year: 2040,
    fingerprint: `sandbox${method.number.slice(-8)}`,
    funding: "credit",
    generated_from: null,
    last4,
    networks: { available: [method.brand], preferred: null },
    regulated_status: "unregulated",
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}
