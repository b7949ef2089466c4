// The address of an SMTP server, and when it may be spoken to in the clear.

import { TallystickError } from "../kernel/errors.ts";

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the start. */
  readonly secure: boolean;
  readonly requireTls: boolean;
  readonly user: string;
  readonly password: string;
}

interface SmtpUrlOptions {
  readonly url: string;
  readonly requireTls?: boolean;
  readonly allowPrivateHosts?: boolean;
}

const loopback = /^(localhost|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;

/**
 * Reads an SMTP URL. TLS is required unless `requireTls` is false, and always where there is a password, but for a server
 * on loopback with `allowPrivateHosts`.
 *
 * @throws TallystickError `invalid_request`, naming the host and never the credentials
 */
export function parseSmtpUrl({ url: value, requireTls, allowPrivateHosts }: SmtpUrlOptions): SmtpServer {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const refuse = (problem: string): TallystickError =>
    new TallystickError("invalid_request", `The SMTP URL ${problem}.`);
  if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === "") {
    throw refuse("is not of the form smtps://user:password@host:port");
  }
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(url.hostname)) throw refuse("names no valid host");
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw refuse(`(host ${url.host}) must end after the host and port`);
  }
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === undefined || password === undefined || /\p{Cc}/u.test(user + password)) {
    throw refuse(`(host ${url.host}) has a user name or password that is not percent-encoded`);
  }
  const inTheClear = allowPrivateHosts === true && loopback.test(url.hostname);
  if (requireTls === false && password !== "" && !inTheClear) {
    throw refuse(`(host ${url.host}) has a password, so requireTls can't be false`);
  }
  const secure = url.protocol === "smtps:";
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls: requireTls ?? !inTheClear,
    user,
    password,
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
