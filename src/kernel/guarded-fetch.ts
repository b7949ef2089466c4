// A fetch that connects to allowed addresses only. The check stands between the look-up and the connection, so a name
// that answers another address the next time (DNS rebinding) gains nothing. Node only; redirects are never followed.

import type { LookupAddress } from "node:dns";
import type { IncomingMessage, RequestOptions } from "node:http";
import { TallystickError } from "./errors.ts";

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

// Statuses whose Response has no body.
const bodiless = new Set([204, 205, 304]);

/** Makes the fetch. It takes a URL, method, headers, a text as body, and a signal. */
export function guardedFetch(isAllowed: (address: string) => boolean, resolve: Resolve = resolveName): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const addresses = await untilAborted(addressesOf(url, resolve), init.signal ?? undefined);
    const [first] = addresses;
    // The address is not named: whoever chose the URL may read the error, and must not learn what a name means inside.
    if (first === undefined || !addresses.every(({ address }) => isAllowed(address))) {
      throw new TallystickError("invalid_request", `${url.hostname} leads to an address that is not public.`);
    }
    const options: RequestOptions = {
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal != null && { signal: init.signal }),
      // What was checked is what is connected to: nobody is asked a second time.
      lookup(_hostname, { all }, callback) {
        if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      // A connection of its own: a kept one would have been looked up by somebody else.
      agent: false,
    };
    const { request } = process.getBuiltinModule(url.protocol === "https:" ? "node:https" : "node:http");
    const answer = await new Promise<IncomingMessage>((answered, failed) => {
      const sending = request(url, options).on("response", answered).on("error", failed);
      sending.end(typeof init.body === "string" ? init.body : undefined);
    });
    return responseOf(answer);
  };
}

async function addressesOf({ hostname }: URL, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const literal = hostname.replaceAll(/^\[|\]$/g, "");
  const family = process.getBuiltinModule("node:net").isIP(literal);
  return family === 0 ? resolve(hostname) : [{ address: literal, family }];
}

async function resolveName(hostname: string): Promise<readonly LookupAddress[]> {
  return process.getBuiltinModule("node:dns").promises.lookup(hostname, { all: true });
}

// A look-up can't be cancelled; it is left behind.
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(new Error("aborted", { cause: signal.reason }));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  return Promise.race([work, aborted]);
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = answer.statusCode ?? 0;
  if (bodiless.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  const body = process.getBuiltinModule("node:stream").Readable.toWeb(answer);
  return new Response(body as ReadableStream, { status, headers });
}
