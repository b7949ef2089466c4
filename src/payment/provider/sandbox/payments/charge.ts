// Charges and the balance: one charge for each try to take money, one balance transaction for each movement of it.
import type { Json } from "../../stripe/read.ts";
import type { BalanceTransaction } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Charge, PaymentIntent, PaymentMethod } from "../store/document.ts";
import { createId } from "../store/ids.ts";

/** A charge of the intent's amount; it is not written yet. */
export function newCharge(
  change: Change,
  intent: PaymentIntent,
  { method, status, captured }: { method: PaymentMethod; status: Charge["status"]; captured: boolean },
): Charge {
  const { decline } = method._conduct;
  const failure =
    status === "failed" ? (decline ?? { code: "payment_method_provider_decline", message: "Declined." }) : null;
  return {
    id: createId(method.type === "card" ? "ch" : "py"),
    object: "charge",
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: "SANDBOX",
    captured,
    created: change.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(status, failure),
    paid: status === "succeeded",
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { [method.type]: method[method.type], type: method.type },
    receipt_email: intent["receipt_email"],
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: intent["shipping"],
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status,
    transfer_data: null,
    transfer_group: null,
    _invoice: intent._invoice,
    _session: intent._session,
    _conduct: method._conduct,
    _refunds: [],
  };
}

function outcomeOf(status: Charge["status"], failure: { decline_code?: string; code: string } | null): Json {
  const shared = { advice_code: null, network_advice_code: null, network_decline_code: null, risk_level: "normal" };
  if (failure === null) {
    const message = status === "pending" ? "Payment processing." : "Payment complete.";
    const approved = {
      network_status: "approved_by_network",
      reason: null,
      seller_message: message,
      type: "authorized",
    };
    return { ...shared, ...approved };
  }
  const reason = failure.decline_code ?? failure.code;
  const message = "The bank did not return any further details with this decline.";
  return { ...shared, network_status: "declined_by_network", reason, seller_message: message, type: "issuer_declined" };
}

/** A movement of the balance: positive comes in. */
export async function moveBalance(
  change: Change,
  given: { amount: number; currency: string; source: string; type: string; fee?: number; description?: string },
): Promise<BalanceTransaction> {
  const { amount, currency, source, type, fee = 0 } = given;
  const document: BalanceTransaction = {
    id: createId("txn"),
    object: "balance_transaction",
    amount,
    available_on: change.now,
    balance_type: "payments",
    created: change.now,
    currency,
    description: given.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0 ? [] : [{ amount: fee, application: null, currency, description: "Fee", type: "stripe_fee" }],
    net: amount - fee,
    reporting_category: type === "adjustment" ? "dispute" : type,
    source,
    status: "available",
    type,
  };
  return change.create(document, null);
}
