// One HTTP request to a URL that somebody else chose. It can't reach what only this machine or its network can: every
// address is checked when it is connected to, so neither a name that leads inside nor one that changes between check and
// use gets through. No redirects, no connection reused, a cap on time and answer. For Node: elsewhere DNS can't be pinned.
import { TallystickError } from "./errors.ts";
import { guardedFetch, type Resolve } from "./guarded-fetch.ts";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

export interface PublicFetchOptions {
  /** Allows loopback addresses, and plain http to them. For tests; never in production. */
  readonly allowLoopback?: boolean | undefined;
  /** How names are resolved; default the system's way. */
  readonly resolve?: Resolve | undefined;
}

export interface PublicRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** For all of it, the answer's body included; default 15,000. */
  readonly timeoutMs?: number;
  /** Of the answer's body; what comes after them is cut off, and with 0 it is not waited for. Default 64 KB. */
  readonly maxBytes?: number;
}

/** Answers a Response whatever its status is; the body has been read already. */
export type PublicFetch = (url: string, init?: PublicRequest) => Promise<Response>;

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_BYTES = 64 * 1024;
/**
 * Checks what can be told of a URL without resolving it: https, no user name or password, no address that is not public.
 * @throws invalid_request, naming the host and nothing else of the URL
 */
export function checkPublicUrl(value: string, { allowLoopback = false }: PublicFetchOptions = {}): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw new TallystickError("invalid_request", "The URL is not valid.");
  const address = addressOf(url);
  const here = allowLoopback && (url.hostname === "localhost" || isLoopbackAddress(address));
  if (url.protocol !== "https:" && !(here && url.protocol === "http:")) {
    throw new TallystickError("invalid_request", `The URL to ${url.host} must begin with https://.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TallystickError("invalid_request", `The URL to ${url.host} must not carry a user name or password.`);
  }
  const isAddress = /^[\d.]+$|:/.test(address);
  if (!here && isAddress && !isPublicAddress(address)) {
    throw new TallystickError("invalid_request", `${url.host} leads to an address that is not public.`);
  }
  return url;
}

/** Makes the fetch. Its promise rejects for what is refused, for network errors, and when the time is over. */
export function createPublicFetch(options: PublicFetchOptions = {}): PublicFetch {
  const { allowLoopback = false, resolve } = options;
  const isAllowed = (address: string): boolean =>
    isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address));
  const send = guardedFetch(isAllowed, resolve);
  return async (value, init = {}) => {
    const url = checkPublicUrl(value, options);
    const timeout = AbortSignal.timeout(init.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = init.signal === undefined ? timeout : AbortSignal.any([init.signal, timeout]);
    const { method = "GET", headers = {}, body = null } = init;
    const answer = await send(url.href, { method, headers, body, signal });
    return readAnswer(answer, init.maxBytes ?? DEFAULT_MAX_BYTES);
  };
}

// Once the headers are there the status counts, also of an answer that breaks off.
async function readAnswer(answer: Response, maxBytes: number): Promise<Response> {
  if (answer.body === null) return answer;
  if (maxBytes === 0) {
    // One that has broken off by now can't be cancelled, and needs not be.
    await answer.body.cancel().catch(() => undefined);
    return new Response(null, { status: answer.status, headers: answer.headers });
  }
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // What was read so far is the answer.
  }
  return new Response(Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
}

function addressOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
