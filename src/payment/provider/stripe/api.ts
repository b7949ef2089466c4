// What is asked of Stripe's API, through the official SDK. Every failure becomes an outcome, because each reader
// decides for itself whether the event's own data may stand in; only the end of the load's time is thrown.
import type Stripe from "stripe";
import { TallystickError } from "../../../kernel/errors.ts";
import { redact } from "../../../kernel/logger.ts";
import { unansweredBy, type Answer } from "../answer.ts";
import { record, type Json } from "./read.ts";
import { isStripeError, loadSdk } from "./sdk.ts";

const REQUEST_TIMEOUT_MS = 4_000;
const PAGE_SIZE = 100;
// A bound for a server that never stops paging, and the most that the SDK collects.
const MAX_ITEMS = 10_000;

export interface StripeApi {
  sessionLines(sessionId: string): Promise<Answer<readonly Json[]>>;
  invoiceLines(invoiceId: string): Promise<Answer<readonly Json[]>>;
  subscription(subscriptionId: string): Promise<Answer<Json>>;
  refund(refundId: string): Promise<Answer<Json>>;
  refundsOfCharge(chargeId: string): Promise<Answer<readonly Json[]>>;
  dispute(disputeId: string): Promise<Answer<Json>>;
  /** The payments of invoices that were made with an intent; one, as a rule. */
  invoicePayments(intentId: string): Promise<Answer<readonly Json[]>>;
  price(priceId: string): Promise<Answer<Json>>;
  /** The active prices that have this lookup key: one at the most. */
  pricesNamed(lookupKey: string): Promise<Answer<readonly Json[]>>;
  webhookEndpoints(): Promise<Answer<readonly Json[]>>;
  /** One page of a list, newest first, of what was created in a span of time. */
  page(list: ListName, input: ListInput): Promise<Answer<{ readonly items: readonly Json[]; readonly more: boolean }>>;
}

export type ListName = "events" | "invoices" | "sessions" | "refunds" | "disputes";

export interface ListInput {
  readonly since: Date;
  readonly until: Date;
  readonly startingAfter: string | null;
  /** Of events: at most 20. */
  readonly types?: readonly string[];
}

/** What a reader of facts may ask. */
export interface FactContext {
  /** Null without a secret key. */
  readonly api: StripeApi | null;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Whether the event's own data may stand in for an answer that does not come. */
  readonly mayAssume: boolean;
}

export interface ApiOptions {
  readonly secretKey: string;
  readonly apiBase: URL | null;
}

/**
 * Stripe's API for one load: requests in flight are cancelled when the signal is aborted. The client is made with the
 * first request.
 */
export function stripeApi(options: ApiOptions, signal: AbortSignal): StripeApi {
  let client: Promise<Stripe> | null = null;
  const ask = <T>(request: (stripe: Stripe) => Promise<T>): Promise<Answer<T>> =>
    answerOf(async () => request(await (client ??= createClient(options, signal))), signal);
  return {
    sessionLines: (sessionId) =>
      ask((stripe) => all(stripe.checkout.sessions.listLineItems(sessionId, { limit: PAGE_SIZE }))),
    invoiceLines: (invoiceId) => ask((stripe) => all(stripe.invoices.listLineItems(invoiceId, { limit: PAGE_SIZE }))),
    subscription: (subscriptionId) =>
      ask(async (stripe) => record(await stripe.subscriptions.retrieve(subscriptionId))),
    refund: (refundId) => ask(async (stripe) => record(await stripe.refunds.retrieve(refundId))),
    refundsOfCharge: (chargeId) => ask((stripe) => all(stripe.refunds.list({ charge: chargeId, limit: PAGE_SIZE }))),
    dispute: (disputeId) => ask(async (stripe) => record(await stripe.disputes.retrieve(disputeId))),
    invoicePayments: (intentId) =>
      ask((stripe) => {
        const payment = { type: "payment_intent", payment_intent: intentId } as const;
        return all(stripe.invoicePayments.list({ payment, limit: PAGE_SIZE }));
      }),
    price: (priceId) =>
      ask(async (stripe) => record(await stripe.prices.retrieve(priceId, { expand: ["currency_options"] }))),
    pricesNamed: (lookupKey) =>
      ask((stripe) => all(stripe.prices.list({ lookup_keys: [lookupKey], limit: PAGE_SIZE }))),
    webhookEndpoints: () => ask((stripe) => all(stripe.webhookEndpoints.list({ limit: PAGE_SIZE }))),
    page: (list, input) =>
      ask(async (stripe) => {
        const { data, has_more: more } = await readPage(stripe, list, input);
        return { items: data.map(record), more };
      }),
  };
}

/** The error that names what was asked for and why there is no answer. */
export function unanswered(asked: string, answer: Exclude<Answer<unknown>, { outcome: "found" }>): TallystickError {
  return unansweredBy("Stripe", asked, answer);
}

async function all(pages: { autoPagingToArray(options: { limit: number }): Promise<readonly unknown[]> }) {
  const items = await pages.autoPagingToArray({ limit: MAX_ITEMS });
  if (items.length === MAX_ITEMS) throw new Error(`The list has ${MAX_ITEMS} items or more.`);
  return items.map(record);
}

function readPage(
  stripe: Stripe,
  list: ListName,
  { since, until, startingAfter, types }: ListInput,
): Promise<{ readonly data: readonly unknown[]; readonly has_more: boolean }> {
  const page = {
    created: { gte: Math.floor(since.getTime() / 1000), lte: Math.floor(until.getTime() / 1000) },
    limit: PAGE_SIZE,
    ...(startingAfter !== null && { starting_after: startingAfter }),
  };
  switch (list) {
    case "events":
      return stripe.events.list({ ...page, ...(types && { types: [...types] }) });
    case "invoices":
      return stripe.invoices.list({ ...page, status: "paid" });
    case "sessions":
      return stripe.checkout.sessions.list({ ...page, status: "complete" });
    case "refunds":
      return stripe.refunds.list(page);
    case "disputes":
      return stripe.disputes.list(page);
  }
}

/** The official SDK, as everything here uses it. */
export async function createClient(
  { secretKey, apiBase }: ApiOptions,
  signal: AbortSignal,
  { timeoutMs = REQUEST_TIMEOUT_MS, retries = 0 }: { timeoutMs?: number; retries?: number } = {},
): Promise<Stripe> {
  const Sdk = await loadSdk();
  return new Sdk(secretKey, {
    timeout: timeoutMs,
    maxNetworkRetries: retries,
    // Also keeps the SDK from writing its telemetry id to the home directory.
    telemetry: false,
    appInfo: { name: "tallystick" },
    httpClient: Sdk.createFetchHttpClient((url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]) }),
    ),
    ...(apiBase && {
      protocol: apiBase.protocol === "http:" ? "http" : "https",
      host: apiBase.hostname,
      port: apiBase.port === "" ? (apiBase.protocol === "http:" ? 80 : 443) : Number(apiBase.port),
    }),
  });
}

async function answerOf<T>(request: () => Promise<T>, signal: AbortSignal): Promise<Answer<T>> {
  try {
    return { outcome: "found", value: await request() };
  } catch (error) {
    if (signal.aborted) {
      throw new TallystickError("provider_unavailable", "Stripe did not answer before the time to load was over.");
    }
    const reason = describe(error);
    if (!isStripeError(error)) return { outcome: "unavailable", reason };
    if (error.code === "resource_missing" || error.statusCode === 404) return { outcome: "missing" };
    const refused = error.statusCode === 401 || error.statusCode === 403;
    return { outcome: refused ? "refused" : "unavailable", reason };
  }
}

// A text and never the error itself as the cause: the SDK's errors carry whole responses.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  if (!isStripeError(error)) return redact(error.message);
  const status = error.statusCode === undefined ? "" : `${error.statusCode} `;
  return redact(`${status}${error.message || error.type}`);
}
