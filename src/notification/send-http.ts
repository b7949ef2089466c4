// The one HTTP request behind every channel: a JSON POST with a time-out, a cap on the answer and no redirects.
// What goes wrong is a value, never an exception, and reasons carry neither the URL's path nor a secret.

import { redact } from "../kernel/logger.ts";
import type { SendOutcome } from "./channel.ts";
import { truncate } from "./text-limits.ts";

interface PostRequest {
  readonly url: URL;
  readonly body: string;
  /** Beside content type and user agent. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch | undefined;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly outcome: "answered";
  readonly status: number;
  readonly headers: Headers;
  /** At most 64 KB; cut short, too, where the connection broke after the headers. */
  readonly body: string;
}

type Failure = Extract<SendOutcome, { outcome: "failed" }>;

const defaultTimeoutMs = 10_000;
const maxBodyBytes = 64 * 1024;
const maxExcerpt = 200;
const defaultRetryAfterMs = 5_000;
const maxRetryAfterMs = 24 * 60 * 60 * 1000;

// A pause counts no attempt, so a receiver that asks for none would be asked again and again without end.
const minRetryAfterMs = 100;

/** Posts JSON once. Ends at the caller's signal or after 10 s, whichever is first. */
export async function postJson(request: PostRequest): Promise<Answer | Failure> {
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  // Not called as a method: on Workers, fetch throws "Illegal invocation" with another `this`.
  const send = request.fetch ?? fetch;
  try {
    const response = await send(request.url.href, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8", "user-agent": "tallystick", ...request.headers },
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.any([request.signal, timeout]),
    });
    const body = await readCapped(response);
    return { outcome: "answered", status: response.status, headers: response.headers, body };
  } catch (error) {
    if (request.signal.aborted) {
      return { outcome: "failed", reason: "the request was aborted" };
    }
    if (timeout.aborted) {
      return { outcome: "failed", reason: `no answer within ${timeoutMs} ms` };
    }
    return { outcome: "failed", reason: `network error: ${excerpt(networkCause(error), secretsOf(request.url))}` };
  }
}

/** What an HTTP status means for a receiver that reports everything by status (Discord, Slack). */
export function outcomeOfStatus(answer: Answer, secrets: readonly string[], retryAfterMs?: number): SendOutcome {
  const reason = describeAnswer(answer, secrets);
  if (answer.status >= 200 && answer.status < 300) {
    return { outcome: "sent" };
  }
  if (answer.status === 429) {
    return {
      outcome: "rate_limited",
      retryAfterMs: capRetryAfter(retryAfterMs ?? retryAfterHeader(answer.headers) ?? defaultRetryAfterMs),
      reason,
    };
  }
  // 408 and 425 are the two 4xx that ask for the same request once more.
  const permanent = answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 425;
  return { outcome: permanent ? "rejected" : "failed", reason };
}

/** The status and the beginning of the body, without secrets: fit to be stored and shown. */
export function describeAnswer(answer: Answer, secrets: readonly string[]): string {
  // A runtime that follows the fetch standard to the letter hides a redirect's status behind 0.
  const redirected = answer.status === 0 || (answer.status >= 300 && answer.status < 400);
  const head = redirected ? `HTTP ${answer.status}, redirects are not followed` : `HTTP ${answer.status}`;
  const body = excerpt(answer.body, secrets);
  return body === "" ? head : `${head}: ${body}`;
}

/** The parts of a webhook URL that give the right to post: its last path segment and every long one, query included. */
export function secretsOf(url: URL): string[] {
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const inPath = segments.filter((segment, index) => segment.length >= 12 || index === segments.length - 1);
  return [...inPath, ...[...url.searchParams.values()].filter((value) => value.length >= 12)];
}

/** Parses a JSON object; anything else is undefined. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function excerpt(text: string, secrets: readonly string[]): string {
  // Secrets go before the cut, or half of one could stay. Control characters go because Postgres refuses NUL in a text.
  const longestFirst = secrets.filter((secret) => secret !== "").toSorted((a, b) => b.length - a.length);
  const withoutSecrets = longestFirst.reduce((result, secret) => result.replaceAll(secret, "…"), text);
  return truncate(
    redact(withoutSecrets)
      .replace(/[\p{Cc}\s]+/gu, " ")
      .trim(),
    maxExcerpt,
  );
}

function retryAfterHeader(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") {
    return undefined;
  }
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : ms;
}

function capRetryAfter(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), minRetryAfterMs), maxRetryAfterMs);
}

function networkCause(error: unknown): string {
  if (!(error instanceof Error)) {
    return "unknown";
  }
  const cause: unknown = error.cause;
  if (cause instanceof Error) {
    return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  }
  return error.message;
}

// Once the headers are there the status counts; a body that breaks off must not turn a delivered message into a retry.
async function readCapped(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) {
    return "";
  }
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBodyBytes;
  try {
    while (left > 0) {
      const { done, value } = await reader.read();
      if (done) {
        return text;
      }
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.byteLength;
    }
    await reader.cancel();
    return text;
  } catch {
    return text;
  }
}
