// The Inngest client of the driver's options, and what is asked of Inngest beside events.
import type { Inngest } from "inngest";
import { redactedMessage, type Logger } from "../kernel/logger.ts";

export interface ClientSettings {
  readonly appId: string;
  readonly eventKey: string | undefined;
  readonly signingKey: string | undefined;
  readonly signingKeyFallback: string | undefined;
  readonly baseUrl: string | undefined;
  readonly isDev: boolean;
  readonly timeoutMs: number;
}

export async function createClient(settings: ClientSettings, logger: () => Logger | undefined): Promise<Inngest.Any> {
  const { appId: id, eventKey, signingKey, signingKeyFallback, baseUrl, isDev, timeoutMs } = settings;
  const sdk = await import("inngest");
  return new sdk.Inngest({
    id,
    isDev,
    ...(eventKey !== undefined && { eventKey }),
    ...(signingKey !== undefined && { signingKey }),
    ...(signingKeyFallback !== undefined && { signingKeyFallback }),
    ...(baseUrl !== undefined && { baseUrl }),
    // The SDK sets no limit: a server that takes the connection and is silent would hold each of its attempts for ever.
    fetch: async (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
    logger: sdkLogger(logger),
    // There is no model here to watch, and it would hook into the product's tracing.
    aiMetadata: false,
  });
}

// What the SDK writes goes to the product's logger once a request has brought one; what fails before is thrown.
function sdkLogger(logger: () => Logger | undefined) {
  const warn = (...args: unknown[]): void => {
    const told = args.find((arg) => typeof arg === "string") ?? "Inngest's SDK warns";
    const { err } = (args.find((arg) => typeof arg === "object" && arg !== null) ?? {}) as { err?: unknown };
    logger()?.warn(err === undefined ? {} : { error: redactedMessage(err) }, told);
  };
  return { debug: () => undefined, info: () => undefined, warn, error: warn };
}

/** Fails unless the event API answers and takes the key. It is given no event. */
export async function checkEventApi(client: Inngest.Any, timeoutMs: number): Promise<void> {
  const { eventKey = "none", eventBaseUrl, env } = client;
  const headers = { "content-type": "application/json", ...(env !== null && { "x-inngest-env": env }) };
  const init = { method: "POST", body: "[]", headers, signal: AbortSignal.timeout(timeoutMs) };
  const { ok, status } = await client.fetch(new URL(`e/${eventKey}`, eventBaseUrl), init);
  // A server that takes no empty list says so: it answers, and has let the key pass.
  if (!ok && status !== 400) throw new Error(`Inngest's event API answered ${status}`);
}

/** Has the handler at this address register itself and its functions. Resolves to what was answered. */
export async function register(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, { method: "PUT", signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  const answer = messageOf(text) ?? "no message";
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer}`);
  return `${url} is registered at Inngest: ${answer}`;
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
