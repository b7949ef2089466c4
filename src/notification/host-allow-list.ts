// Decides which URLs a channel may post to. Only the receiver's own hosts pass: a runtime without control over DNS
// (Workers, Vercel) can't check the address behind a name, so a list of hosts is the only sound guard against requests
// to internal services.

import { TallystickError } from "../kernel/errors.ts";

interface HostRule {
  /** The receiver's name, for the error message. */
  readonly receiver: string;
  readonly hosts: readonly string[];
  readonly allowPrivateHosts: boolean;
}

// `URL` has turned decimal, octal, hexadecimal and short forms into four decimal parts before this is asked.
const ipv4Loopback = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * Parses a webhook URL and proves that it leads to one of the allowed hosts: https, default port, no credentials.
 * With `allowPrivateHosts`, loopback hosts pass too, over plain http and on any port.
 *
 * @throws TallystickError `invalid_request`, naming the host and never the path, the query or the credentials.
 */
export function parseWebhookUrl(value: string, rule: HostRule): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) {
    throw new TallystickError("invalid_request", `The ${rule.receiver} webhook URL is not a valid URL.`);
  }
  const host = url.host === "" ? "(none)" : url.host;
  if (url.username !== "" || url.password !== "") {
    throw new TallystickError(
      "invalid_request",
      `The ${rule.receiver} webhook URL (host ${host}) must not carry a user name or password.`,
    );
  }
  const allowed =
    (url.protocol === "https:" && url.port === "" && rule.hosts.includes(url.hostname)) ||
    (rule.allowPrivateHosts && /^https?:$/.test(url.protocol) && isLoopback(url.hostname));
  if (!allowed) {
    throw new TallystickError(
      "invalid_request",
      `The ${rule.receiver} webhook URL leads to ${url.protocol}//${host}; ` +
        `allowed is https on the default port of ${rule.hosts.join(", ")}.`,
    );
  }
  url.hash = "";
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || ipv4Loopback.test(hostname);
}
