// The payment provider port: a provider verifies what arrives, asks its API for what an effect needs, and says what
// happened as provider-neutral facts. Facts carry no credits: those come from the catalog, by price, on our side.

import type { InboundEvent } from "./inbound-event.ts";
import type { PaymentFact } from "./payment-fact.ts";
import type { ProviderActions } from "./provider-actions.ts";
import type { ProviderQueries } from "./provider-queries.ts";

export type { CheckoutLine, InvoiceLine, Owner, PaymentFact, PaymentReferences, ReturnState } from "./payment-fact.ts";
export type { Money, SubscriptionItem, SubscriptionState, SubscriptionStatus } from "./provider-state.ts";

/** What `load` needs of its caller. */
export interface LoadContext {
  /** Aborted when the load's time is over. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Whether the event's own data may stand in for an answer that does not come. */
  readonly mayAssume: boolean;
  /** Whether the catalog has a price of this id; another is looked up by the name that was given to it at the provider. */
  readonly knowsPrice: (id: string) => boolean;
}

export interface PaymentProvider extends ProviderQueries {
  /** Stored with every event and payment: it never changes. The last part of its webhook's path. */
  readonly name: string;
  /**
   * Names of fields of its events, at any depth, that tell of a person and that `load` does not read; erasing a user
   * removes them from stored events, beside the names that are known already.
   */
  readonly personalFields?: readonly string[] | undefined;
  /** What it can be asked to do, where it is given what it needs to be asked. */
  readonly actions?: ProviderActions | undefined;
  /**
   * Verifies the raw body's signature and reads the event. Pure but for the clock; never touches the network.
   * @throws invalid_signature, invalid_request
   */
  verify(body: Uint8Array, headers: Headers): Promise<InboundEvent>;
  /**
   * Asks the provider for what the event alone does not tell, and answers the facts. No transaction is open.
   * @throws provider_unavailable when the provider must be asked and does not answer
   */
  load(event: InboundEvent, context: LoadContext): Promise<readonly PaymentFact[]>;
}
