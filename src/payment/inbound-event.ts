// An event of a payment provider, as it is received and stored.

/** A verified inbound event, as it is stored. */
export interface InboundEvent {
  /** The provider's own id of the event, unique for each provider. */
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean | null;
  /**
   * What the event is about: events about one subject are handled one at a time. The provider's customer, or, where the
   * event names none, what else stays the same over all events about one thing, such as a payment.
   */
  readonly subject: string | null;
  /** False for types without an effect, and for events of the other mode: recorded, never handled. */
  readonly handled: boolean;
  /** The parsed body. */
  readonly payload: Record<string, unknown>;
}
