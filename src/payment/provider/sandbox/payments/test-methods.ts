// The payment methods that Stripe has for tests, by their names, card numbers and IBANs: what each does when it is used.
// Docs: docs.stripe.com/testing.
import type { Conduct } from "../store/document.ts";

export interface TestMethod {
  readonly type: "card" | "sepa_debit" | "us_bank_account";
  readonly brand?: string;
  readonly number: string;
  readonly conduct: Conduct;
}

const declined = (decline_code: string, message = "Your card was declined.") => ({
  decline: { code: "card_declined", decline_code, message },
});
const refused = (code: string, message: string) => ({ decline: { code, decline_code: code, message } });

const card = (number: string, conduct: Conduct = {}, brand = "visa"): TestMethod => ({
  type: "card",
  brand,
  number,
  conduct,
});

// By the name behind pm_card_ and tok_.
const cards: Readonly<Record<string, TestMethod>> = {
  visa: card("4242424242424242"),
  visa_debit: card("4000056655665556"),
  mastercard: card("5555555555554444", {}, "mastercard"),
  mastercard_debit: card("5200828282828210", {}, "mastercard"),
  amex: card("378282246310005", {}, "amex"),
  discover: card("6011111111111117", {}, "discover"),
  us: card("4242424242424242"),
  chargeDeclined: card("4000000000000002", { ...declined("generic_decline"), refusesAttachment: true }),
  visa_chargeDeclined: card("4000000000000002", { ...declined("generic_decline"), refusesAttachment: true }),
  chargeDeclinedInsufficientFunds: card("4000000000009995", {
    ...declined("insufficient_funds", "Your card has insufficient funds."),
    refusesAttachment: true,
  }),
  chargeDeclinedLostCard: card("4000000000009987", { ...declined("lost_card"), refusesAttachment: true }),
  chargeDeclinedStolenCard: card("4000000000009979", { ...declined("stolen_card"), refusesAttachment: true }),
  chargeDeclinedFraudulent: card("4100000000000019", { ...declined("fraudulent"), refusesAttachment: true }),
  chargeDeclinedExpiredCard: card("4000000000000069", {
    ...refused("expired_card", "Your card has expired."),
    refusesAttachment: true,
  }),
  chargeDeclinedIncorrectCvc: card("4000000000000127", {
    ...refused("incorrect_cvc", "Your card's security code is incorrect."),
    refusesAttachment: true,
  }),
  chargeDeclinedProcessingError: card("4000000000000119", {
    ...refused("processing_error", "An error occurred while processing your card. Try again in a little bit."),
    refusesAttachment: true,
  }),
  // Attaches, and declines every charge: what renewals fail with.
  chargeCustomerFail: card("4000000000000341", declined("generic_decline")),
  threeDSecure2Required: card("4000000000003220", { needsAction: true }),
  authenticationRequired: card("4000002760003184", { needsAction: true }),
  createDispute: card("4000000000000259", { dispute: "fraudulent" }),
  createDisputeProductNotReceived: card("4000000000002685", { dispute: "product_not_received" }),
  createDisputeInquiry: card("4000000000001976", { dispute: "inquiry" }),
  pendingRefund: card("4000000000007726", { refund: "pending" }),
  refundFail: card("4000000000005126", { refund: "fails" }),
};

const debit = (type: TestMethod["type"], number: string, settles: "succeeded" | "failed"): TestMethod => ({
  type,
  number,
  conduct: { settles },
});

const debits: readonly TestMethod[] = [
  debit("sepa_debit", "AT611904300234573201", "succeeded"),
  debit("sepa_debit", "AT861904300235473202", "failed"),
  debit("sepa_debit", "IT60X0542811101000000123456", "failed"),
  debit("us_bank_account", "000123456789", "succeeded"),
  debit("us_bank_account", "000111111116", "failed"),
];

const named: Readonly<Record<string, TestMethod>> = {
  pm_usBankAccount_success: debit("us_bank_account", "000123456789", "succeeded"),
  pm_usBankAccount_insufficientFunds: debit("us_bank_account", "000111111116", "failed"),
};

/** The method of a well-known name, such as pm_card_visa or tok_visa. */
export function testMethodNamed(name: string): TestMethod | null {
  const key = /^(?:pm_card|tok)_(\w+)$/.exec(name)?.[1];
  const found = Object.hasOwn(named, name) ? named[name] : undefined;
  return found ?? (key !== undefined && Object.hasOwn(cards, key) ? (cards[key] ?? null) : null);
}

/** The method of a card number; an unknown one is a good card. */
export function testCard(number: string): TestMethod {
  const digits = number.replaceAll(/\D/g, "");
  return Object.values(cards).find((candidate) => candidate.number === digits) ?? card(digits);
}

/** The method of an account; an unknown one settles. */
export function testDebit(type: TestMethod["type"], account: string): TestMethod {
  const number = account.replaceAll(" ", "");
  return debits.find((candidate) => candidate.number === number) ?? debit(type, number, "succeeded");
}
