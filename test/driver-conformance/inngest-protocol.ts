// Inngest's wire format, as its SDK specification has it: signatures, keys, and what an app registers.
import { createHash, createHmac } from "node:crypto";

export const inngestKeys = { eventKey: "test-event-key", signingKey: `signkey-test-${"0123456789abcdef".repeat(4)}` };

export interface InngestEvent {
  readonly id: string;
  readonly name: string;
  readonly data: Record<string, unknown>;
  readonly ts: number;
}

export interface Concurrency {
  readonly limit: number;
  readonly key?: string;
}

export interface RegisteredFunction {
  readonly id: string;
  readonly triggers: readonly { readonly event?: string; readonly cron?: string }[];
  readonly steps: {
    readonly step: { readonly runtime: { readonly url: string }; readonly retries?: { attempts: number } };
  };
  readonly idempotency?: string;
  readonly concurrency?: number | Concurrency | readonly Concurrency[];
}

export interface SignedRequest {
  readonly method: "POST";
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** What a run's request says. */
export interface RunInput {
  readonly event: InngestEvent;
  readonly runId: string;
  readonly attempt: number;
}

const secretOf = (signingKey: string): string => signingKey.replace(/^signkey-\w+-/, "");

/** The header that proves a request, or an answer, to come from the holder of the signing key. */
export function signatureOf(body: string, signingKey = inngestKeys.signingKey, atMs = Date.now()): string {
  const seconds = String(Math.round(atMs / 1_000));
  return `t=${seconds}&s=${digestOf(body, signingKey, seconds)}`;
}

/** Whether the answer to a run is signed with the app's key. */
export function isSigned(body: string, signature: string | null): boolean {
  const parts = new URLSearchParams(signature ?? "");
  return parts.get("s") === digestOf(body, inngestKeys.signingKey, parts.get("t") ?? "");
}

function digestOf(body: string, signingKey: string, seconds: string): string {
  return createHmac("sha256", secretOf(signingKey)).update(body).update(seconds).digest("hex");
}

/** The bearer that an app registers with. */
export function bearerOf(signingKey: string): string {
  const hash = createHash("sha256")
    .update(Buffer.from(secretOf(signingKey), "hex"))
    .digest("hex");
  return `Bearer signkey-test-${hash}`;
}

/** JSON as RFC 8785 orders it: that is what is signed. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(",")}}`;
}

/** The signed request of one attempt. */
export function runRequest({ event, runId, attempt }: RunInput): SignedRequest {
  const stack = { stack: [], current: 0 };
  const ctx = { fn_id: "function", run_id: runId, attempt, max_attempts: 4, stack, use_api: false };
  const body = canonical({
    ctx: { ...ctx, disable_immediate_execution: false },
    event,
    events: [event],
    steps: {},
    version: 2,
    use_api: false,
  });
  const headers = { "content-type": "application/json", "x-inngest-signature": signatureOf(body) };
  return { method: "POST", body, headers };
}

/** What an expression such as `event.data.key` says of an event. */
export function valueAt(expression: string, event: InngestEvent): string {
  const [root, ...path] = expression.split(".");
  if (root !== "event" || path.length === 0) throw new Error(`Expression ${expression} is not of an event.`);
  const value = path.reduce<unknown>((held, name) => (held as Record<string, unknown> | undefined)?.[name], event);
  if (typeof value !== "string" && typeof value !== "number") throw new Error(`${expression} is not there.`);
  return String(value);
}
