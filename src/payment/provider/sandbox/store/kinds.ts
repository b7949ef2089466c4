// Every kind of document, by the name that Stripe gives it in `object`.
import type {
  BalanceTransaction,
  Invoice,
  InvoiceItem,
  InvoicePayment,
  PortalSession,
  Session,
  Subscription,
  TestClock,
  WebhookEndpoint,
} from "./billing-document.ts";
import type {
  Charge,
  Customer,
  Dispute,
  PaymentIntent,
  PaymentMethod,
  Price,
  Product,
  Refund,
  SetupIntent,
} from "./document.ts";

export interface Kinds {
  customer: Customer;
  product: Product;
  price: Price;
  payment_method: PaymentMethod;
  payment_intent: PaymentIntent;
  setup_intent: SetupIntent;
  charge: Charge;
  refund: Refund;
  dispute: Dispute;
  balance_transaction: BalanceTransaction;
  invoiceitem: InvoiceItem;
  invoice: Invoice;
  invoice_payment: InvoicePayment;
  subscription: Subscription;
  "checkout.session": Session;
  "billing_portal.session": PortalSession;
  webhook_endpoint: WebhookEndpoint;
  "test_helpers.test_clock": TestClock;
}

export type Kind = keyof Kinds;
export type AnyDocument = Kinds[Kind];
