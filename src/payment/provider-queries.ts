// What a provider can be asked for and told, beside the facts of an event: what happened, its prices, how it is set up.
// All of it is absent where there is no key to ask with.
import type { CatalogPrice } from "./catalog.ts";
import type { InboundEvent } from "./inbound-event.ts";

/** Something that the provider says happened, as an event, and what shows that it is known here. */
export interface Happened {
  readonly event: InboundEvent;
  /** `event`: it was received. `payment`: one of this session or invoice is paid. `return`: it has this status. */
  readonly proof: {
    readonly kind: "event" | "payment" | "return";
    readonly id: string;
    readonly status: string | null;
  };
}

export interface HappenedPage {
  /** What was read, such as `events` or `invoices`. */
  readonly of: string;
  readonly happened: readonly Happened[];
  /** Where the next page begins; null: this was the last. */
  readonly next: string | null;
}

export interface HappenedInput {
  readonly since: Date;
  readonly until: Date;
  /** The `next` of the page before; null: the first page. */
  readonly position: string | null;
  readonly signal: AbortSignal;
}

/** What is to be there at the provider. */
export interface SetUpInput {
  /** The catalog's prices: those with an amount are made where they are missing. */
  readonly prices: readonly CatalogPrice[];
  /** Where events are to be sent; undefined: no endpoint is made. */
  readonly webhookUrl?: string | undefined;
}

export interface SetUpResult {
  readonly prices: readonly {
    readonly id: string;
    /** The provider's own id. */
    readonly providerId: string | null;
    /** differs: it is there with another amount, currency or interval. unpriced: it is missing, and the catalog says no amount. */
    readonly outcome: "created" | "kept" | "differs" | "unpriced";
  }[];
  readonly endpoint: {
    readonly id: string;
    readonly outcome: "created" | "updated" | "kept";
    /** What the endpoint signs with: told once, when it is created. */
    readonly secret: string | null;
  } | null;
}

/** A price as the provider has it. */
export interface PriceState {
  readonly active: boolean;
  /** `other`: neither once, a month nor a year. */
  readonly interval: "month" | "year" | "once" | "other";
  /** Minor units by currency, in lower case; empty where the price has no fixed amount. */
  readonly amounts: Readonly<Record<string, number>>;
}

export interface ProviderQueries {
  /**
   * Reads a page of what happened in a span of time, so that what was never told is found. Absent where it can't be asked.
   * @throws provider_unavailable
   */
  readonly happened?: ((input: HappenedInput) => Promise<HappenedPage>) | undefined;
  /**
   * A price as the provider has it; null: it has no such price. Absent where it can't be asked.
   * @throws provider_unavailable
   */
  readonly price?: ((id: string, signal: AbortSignal) => Promise<PriceState | null>) | undefined;
  /**
   * Makes what is missing at the provider: products, prices, an endpoint that is sent exactly the events that have an
   * effect here. Run again it changes nothing. @throws provider_unavailable
   */
  readonly setUp?: ((input: SetUpInput) => Promise<SetUpResult>) | undefined;
  /** What is wrong with how the provider is set up to send its events here; nothing where it can't be asked. */
  readonly webhookProblems?: ((signal: AbortSignal) => Promise<readonly string[]>) | undefined;
}
