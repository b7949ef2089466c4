// One HTTP request to a URL that somebody else chose. It can't reach what only this machine or its network can: every
// address is checked when it is connected to, so neither a name that leads inside nor one that changes between check and
// use gets through. No redirects, no connection reused, a cap on time and answer. For Node: elsewhere DNS can't be pinned.
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { TallystickError } from "./errors.ts";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

export interface PublicFetchOptions {
  /** Allows loopback addresses, and plain http to them. For tests; never in production. */
  readonly allowLoopback?: boolean | undefined;
  /** How names are resolved; default the system's way. */
  readonly lookup?: typeof systemLookup | undefined;
}

export interface PublicRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** For all of it, the answer's body included; default 15,000. */
  readonly timeoutMs?: number;
  /** Of the answer's body; what comes after them is cut off. Default 64 KB. */
  readonly maxBytes?: number;
}

/** Answers a Response whatever its status is; the body has been read already. */
export type PublicFetch = (url: string, init?: PublicRequest) => Promise<Response>;

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_BYTES = 64 * 1024;
const NULL_BODY = new Set([101, 204, 205, 304]);

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
  if (!here && isIP(address) !== 0 && !isPublicAddress(address)) throw refusal(url.host);
  return url;
}

/** Makes the fetch. Its promise rejects for what is refused, for network errors, and when the time is over. */
export function createPublicFetch(options: PublicFetchOptions = {}): PublicFetch {
  const lookup = guardedLookup(options);
  return async (value, init = {}) => {
    const url = checkPublicUrl(value, options);
    const timeout = AbortSignal.timeout(init.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = init.signal === undefined ? timeout : AbortSignal.any([init.signal, timeout]);
    const headers = { ...init.headers, ...(init.body !== undefined && { "content-length": byteLength(init.body) }) };
    const answer = await send(url, { method: init.method ?? "GET", headers, signal, lookup, agent: false }, init.body);
    return await readAnswer(answer, init.maxBytes ?? DEFAULT_MAX_BYTES);
  };
}

// An address in place of a name is connected to without any lookup, and was checked with the URL.
function guardedLookup({ allowLoopback = false, lookup = systemLookup }: PublicFetchOptions): LookupFunction {
  const isAllowed = ({ address }: LookupAddress): boolean =>
    isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address));
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null) return callback(error, []);
      if (first === undefined || !addresses.every(isAllowed)) return callback(refusal(hostname), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

async function send(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

// Once the headers are there the status counts, also of an answer that breaks off.
async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<Response> {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // What was read so far is the answer.
  }
  answer.destroy();
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 599) throw new Error(`the answer has status ${status}`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct)) headers.set(name, (value ?? []).join(", "));
  return new Response(NULL_BODY.has(status) ? null : Buffer.concat(chunks), { status, headers });
}

function addressOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function byteLength(text: string): string {
  return String(Buffer.byteLength(text));
}

// The address is not named: whoever chose the URL reads the error, and must not learn what a name means inside.
function refusal(host: string): TallystickError {
  return new TallystickError("invalid_request", `${host} leads to an address that is not public.`);
}
