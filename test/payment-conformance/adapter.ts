// What the conformance suite needs of a provider: how its events are signed and shaped. A new provider is proven by an
// adapter and one test file that calls `conforms`.
import type { PaymentProvider, Tallystick } from "../../src/index.ts";
import type { Buyer } from "../flows/every-order.ts";

/** One event as its provider would tell it; sent twice, it is told twice under one id. */
export interface Told {
  readonly body: string;
}

/** The events of a flow, in the order in which they happen. Amounts: a pack is 9.99 for 1,200, a month 20.00 for 1,000. */
type Flow = (buyer: Buyer) => readonly Told[];

export interface Adapter {
  /** The provider's name, and the last part of its webhook's path. */
  readonly name: string;
  provider(): PaymentProvider;
  /** A body as the provider would sign it, sent to the webhook handler. `secret` is another than the configured one. */
  send(tally: Pick<Tallystick, "handlers">, body: string, options?: { readonly secret?: string }): Promise<Response>;
  /** The same fact told by another event: all as before but the event's own id. */
  retold(told: Told): Told;
  /** A one-time purchase of a pack; with personal data wherever an event of this provider may carry some. */
  readonly purchase: (buyer: Buyer, options?: { readonly person?: Person }) => Told;
  /** A month's payment of a customer whom no event gives to a user. */
  readonly ownerless: (buyer: Buyer) => { readonly told: Told; readonly customerId: string };
  /** A payment of a price that the catalog may not know. */
  readonly ofPrice: (buyer: Buyer, priceId: string) => Told;
  /** An event that a live configuration must not handle, and that configuration. */
  readonly otherMode: (buyer: Buyer) => { readonly provider: PaymentProvider; readonly told: Told };
  readonly started: Flow;
  readonly renewal: Flow;
  readonly failedThenPaid: Flow;
  readonly cancelledAtPeriodEnd: Flow;
  /** A refund of 3.33 of a pack, and one of the rest. */
  readonly refunds: Flow;
  /** A refund that does not come about. */
  readonly rejectedRefund: Flow;
  readonly chargeback: Flow;
  /** A chargeback that is won. */
  readonly chargebackReversed: Flow;
  readonly trial: Flow;
}

export interface Person {
  readonly name: string;
  readonly email: string;
}
