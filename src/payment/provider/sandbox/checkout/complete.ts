// A payer completes a session: the customer is made where one is needed, the money is taken, and the invoice or the
// subscription that was sold comes to be. A declined card leaves the session open.
import { createInvoice, type NewLine } from "../billing/draft.ts";
import { finalizeInvoice } from "../billing/finalize.ts";
import { markPaid } from "../billing/paid.ts";
import { subscribe } from "../billing/subscribe.ts";
import { confirmIntent, type Confirmation } from "../payments/confirm.ts";
import { createCustomer } from "../payments/customer.ts";
import { createIntent } from "../payments/intent.ts";
import { attach } from "../payments/method.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Session } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Customer, PaymentIntent, PaymentMethod } from "../store/document.ts";
import { createId } from "../store/ids.ts";

const DAY_S = 86_400;

export interface Payer {
  readonly method: PaymentMethod;
  /** The payer has passed the bank's check of their identity. */
  readonly authenticated?: boolean;
}

/** Completes the session. @throws Refusal which keeps what was tried when the card is declined */
export async function completeSession(change: Change, session: Session, payer: Payer): Promise<Session> {
  if (session.status !== "open") {
    throw invalid(`This Checkout Session is ${session.status}.`, { code: "payment_intent_unexpected_state" });
  }
  const { method } = payer;
  if (session.mode === "setup" && method._conduct.refusesAttachment === true) {
    throw invalid("The card was declined.", { code: "card_declined" });
  }
  const customer = await customerOf(change, session, method);
  const intent = await takePayment(change, session, { customer, payer });
  const made = await makeWhatWasSold(change, session, { customer, intent, method });
  await change.plan(session.id, "expire_session", null);
  const processing = intent?.status === "processing";
  const fields: Partial<Session> = {
    customer: customer?.id ?? null,
    customer_details: detailsOf(session, customer, method),
    payment_intent: session.mode === "payment" ? (intent?.id ?? null) : null,
    payment_status: intent === null ? "no_payment_required" : processing ? "unpaid" : "paid",
    status: "complete",
    url: null,
    ...made,
  };
  const complete = await change.update(session, fields, null);
  await change.tell("checkout.session.completed", complete);
  return complete;
}

/** A customer is needed to own a subscription, an invoice, or a method that is kept. */
async function customerOf(change: Change, session: Session, method: PaymentMethod): Promise<Customer | null> {
  if (session.customer !== null) return change.get("customer", session.customer);
  const keeps = session._intent.saves || session.invoice_creation?.enabled === true;
  if (session.mode !== "subscription" && session.customer_creation !== "always" && !keeps) return null;
  const { name, email } = method.billing_details;
  return createCustomer(change, { email: session.customer_email ?? email ?? "payer@example.com", name: name ?? null });
}

async function takePayment(
  change: Change,
  session: Session,
  { customer, payer }: { customer: Customer | null; payer: Payer },
): Promise<PaymentIntent | null> {
  const amount = session.amount_total ?? 0;
  if (session.mode === "setup" || amount === 0) return null;
  const tried = await change.find("payment_intent", session.payment_intent);
  const intent = tried ?? (await intentFor(change, session, { amount, customer, method: payer.method }));
  await change.update(session, { payment_intent: intent.id, customer: customer?.id ?? null }, null);
  const { method, authenticated = false } = payer;
  const confirmation = await confirmIntent(change, intent, { method, authenticated });
  return accepted(confirmation);
}

function accepted(confirmation: Confirmation): PaymentIntent {
  if (confirmation.outcome === "declined") throw confirmation.refusal;
  if (confirmation.outcome === "requires_action") throw needsPayer();
  return confirmation.intent;
}

function needsPayer() {
  return invalid("The bank asks for the payer; confirm again as authenticated.", {
    code: "payment_intent_authentication_failure",
  });
}

async function intentFor(
  change: Change,
  session: Session,
  { amount, customer, method }: { amount: number; customer: Customer | null; method: PaymentMethod },
): Promise<PaymentIntent> {
  return createIntent(change, {
    amount,
    currency: session.currency ?? "usd",
    customer: customer?.id ?? null,
    description: session._intent.description,
    metadata: session.mode === "payment" ? session._intent.metadata : {},
    payment_method_types: [method.type],
    setup_future_usage: session._intent.saves || session.mode === "subscription" ? "off_session" : null,
    session: session.id,
  });
}

interface Sale {
  readonly customer: Customer | null;
  readonly intent: PaymentIntent | null;
  readonly method: PaymentMethod;
}

async function makeWhatWasSold(change: Change, session: Session, sale: Sale): Promise<Partial<Session>> {
  const { customer, intent, method } = sale;
  const keeps = session.mode !== "payment" || session._intent.saves;
  const kept = keeps && customer !== null ? await attach(change, method, customer) : method;
  if (session.mode === "setup") return { setup_intent: await setUp(change, customer, kept) };
  if (session.mode === "payment") {
    const invoiced = session.invoice_creation?.enabled === true && customer !== null && intent !== null;
    return invoiced ? { invoice: await invoiceFor(change, session, { customer, intent }) } : {};
  }
  if (customer === null) return {};
  const { trial_end: end, trial_days: days, metadata } = session._subscription;
  const subscription = await subscribe(change, {
    customer,
    items: session._lines
      .filter(({ price }) => price.recurring !== null)
      .map(({ price, quantity }) => ({ price, quantity, metadata: {} })),
    metadata,
    trial_end: end ?? (days === null ? null : change.now + days * DAY_S),
    default_payment_method: kept.id,
    intent,
    fromCheckout: true,
  });
  return { subscription: subscription.id, invoice: subscription.latest_invoice };
}

async function setUp(change: Change, customer: Customer | null, method: PaymentMethod): Promise<string> {
  const setup = await change.create(
    {
      id: createId("seti"),
      object: "setup_intent",
      created: change.now,
      customer: customer?.id ?? null,
      livemode: false,
      metadata: {},
      payment_method: method.id,
      payment_method_types: [method.type],
      status: "succeeded",
      usage: "off_session",
    },
    "setup_intent.created",
  );
  await change.tell("setup_intent.succeeded", setup);
  return setup.id;
}

/** The invoice of a one-time payment is made after it, and is paid at once. */
async function invoiceFor(
  change: Change,
  session: Session,
  { customer, intent }: { customer: Customer; intent: PaymentIntent },
): Promise<string> {
  const period = { start: change.now, end: change.now };
  const lines = session._lines.map((line): NewLine => ({
    amount: line.amount_total,
    currency: line.price.currency,
    description: line.description,
    period,
    quantity: line.quantity,
    price: line.price,
    proration: false,
    subscription: null,
    subscription_item: null,
    invoice_item: createId("ii"),
    metadata: {},
  }));
  const { metadata = {} } = (session.invoice_creation?.["invoice_data"] ?? {}) as { metadata?: Session["metadata"] };
  const currency = session.currency ?? "usd";
  const given = { customer, currency, lines, billing_reason: "manual", auto_advance: false, period, metadata };
  const open = await finalizeInvoice(change, await createInvoice(change, given), { intent });
  await change.update(intent, { _invoice: open.id }, null);
  const charge = await change.find("charge", intent.latest_charge);
  if (charge?.status === "succeeded") await markPaid(change, open, { charge });
  return open.id;
}

function detailsOf(session: Session, customer: Customer | null, method: PaymentMethod) {
  const { email, name, phone, address } = method.billing_details;
  return {
    address,
    business_name: null,
    email: session.customer_email ?? customer?.email ?? email ?? null,
    individual_name: null,
    name: name ?? null,
    phone: phone ?? null,
    tax_exempt: "none",
    tax_ids: [],
  };
}
