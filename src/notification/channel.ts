// The notification channel port: a channel turns a message into one HTTP request and reads the answer.
// Queueing, retries, pauses and dedupe are not its business: the outbox does that for all channels alike.

export type Severity = "info" | "warning" | "critical";

/** What is announced, in neutral terms; each channel renders it in its own format. */
export interface Message {
  /** Stable over retries: a receiver may see a message twice, never under two ids. */
  readonly id: string;
  /** What happened: `payment.received`, `credits.low`, `task.dead`, … */
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  /** Name and value pairs, in the order to show. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly createdAt: Date;
}

export type SendOutcome =
  | { readonly outcome: "sent" }
  /** The receiver asks for a pause: the channel waits, no attempt is counted. */
  | { readonly outcome: "rate_limited"; readonly retryAfterMs: number; readonly reason: string }
  /** Worth another try: network error, 5xx, time-out. */
  | { readonly outcome: "failed"; readonly reason: string }
  /** No retry can help: a deleted webhook, a refused payload. */
  | { readonly outcome: "rejected"; readonly reason: string };

export interface Channel {
  /** Unique among the configured channels; names its lane. */
  readonly name: string;
  /** The language that `Message` texts are rendered in for this channel. */
  readonly language: "en" | "zh";
  /** The shortest time between two messages, from the receiver's published limit. */
  readonly minIntervalMs: number;
  /** Sends one message. Never throws for what the receiver answers; the reason carries no secret. */
  send(message: Message, signal: AbortSignal): Promise<SendOutcome>;
}

/** What every channel takes, wherever it sends to. */
export interface CommonOptions {
  readonly name?: string;
  readonly language?: "en" | "zh";
  /** Allows plain http and loopback hosts. For tests; never in production. */
  readonly allowPrivateHosts?: boolean;
  readonly fetch?: typeof fetch;
}

export interface ChannelOptions extends CommonOptions {
  readonly url: string;
}
