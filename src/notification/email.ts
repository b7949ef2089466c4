// The `tallystick/email` entry point, the e-mail channel: SMTP through nodemailer, an optional dependency that is loaded
// with the first mail. Node only.

import type * as nodemailer from "nodemailer";
import { TallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import type { Channel, CommonOptions, SendOutcome } from "./channel.ts";
import { shortDigest } from "./digest.ts";
import { type MailOptions, parseMailOptions, renderMail } from "./mail.ts";
import { runsOnNode } from "../kernel/node-runtime.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { parseSmtpUrl, type SmtpServer } from "./smtp-url.ts";
import { truncate } from "./text-limits.ts";

export interface EmailOptions extends Omit<CommonOptions, "fetch">, MailOptions {
  /**
   * `smtps://user:password@host` (TLS from the start, port 465) or `smtp://user:password@host` (STARTTLS, port 587). User
   * and password are percent-encoded.
   */
  readonly url: string;
  /** false: a server without TLS will do, such as a relay in one's own network. No password is sent to it. */
  readonly requireTls?: boolean;
  /** The certificate of the authority behind a server's own certificate, in PEM. */
  readonly ca?: string;
}

const timeoutMs = 10_000;

/**
 * Makes a channel that mails through an SMTP server. "Sent" means that the server took the mail for every address that it
 * did not refuse for good, and for one at least. A retry carries the same Message-ID.
 *
 * @throws TallystickError `invalid_request` for a URL or an address that can't be used, and outside Node.
 */
export function email(options: EmailOptions): Channel {
  if (!runsOnNode()) {
    throw new TallystickError("invalid_request", "The email channel needs Node's sockets; use resend here.");
  }
  const server = parseSmtpUrl(options);
  const { from, to } = parseMailOptions(options);
  const language = options.language ?? "en";
  const transport: nodemailer.SMTPTransportOptions = {
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    ...(server.user !== "" && { auth: { user: server.user, pass: server.password } }),
    ...(options.ca !== undefined && { tls: { ca: options.ca } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return {
    name: options.name ?? "email",
    language,
    minIntervalMs: 0,
    async send(message, signal) {
      const domain = from.address.slice(from.address.lastIndexOf("@"));
      try {
        const { createTransport } = await loadNodemailer();
        const { rejectedErrors = [] } = await createTransport(transport).sendMail({
          from: { ...from },
          to: to.map((mailbox) => ({ ...mailbox })),
          ...renderMail(message, language),
          messageId: `<${await shortDigest(message.id)}${domain}>`,
          date: message.createdAt,
          headers: { "Auto-Submitted": "auto-generated" },
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        const later = rejectedErrors.find(({ permanent }) => permanent !== true);
        // Those who have it get it again, rather than one never.
        return later === undefined ? { outcome: "sent" } : failure(later, server);
      } catch (error) {
        if (signal.aborted) return { outcome: "failed", reason: "the sending was aborted" };
        return failure(error as nodemailer.NodemailerError, server);
      }
    },
  };
}

/** Sends one mail at once, without the outbox: no retry, no dedupe. */
export async function sendEmailNotification(options: EmailOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(email(options), message);
}

async function loadNodemailer(): Promise<typeof nodemailer> {
  return import("nodemailer").catch((cause: unknown) => {
    throw new Error("nodemailer can't be loaded; install it beside tallystick", { cause });
  });
}

// The server's own word decides: 5yz is final, whether about the password, an address or the mail. Without a word of the
// server's (no connection, time over) there is another try; and where there is no TLS, which may be somebody between.
function failure(error: nodemailer.NodemailerError, { user, password }: SmtpServer): SendOutcome {
  if (error.code === "EABORT") return { outcome: "failed", reason: `no answer within ${timeoutMs} ms` };
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  // As they go over the wire, too, should a server repeat what it was told.
  const secrets = password === "" ? [] : [password, base64(password), base64(`\0${user}\0${password}`)];
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, "…"), error.message);
  const reason = `${error.code ?? "error"}: ${redact(said).replaceAll(/[\p{Cc}\s]+/gu, " ")}`;
  return {
    outcome: error.permanent === true && error.code !== "ETLS" ? "rejected" : "failed",
    reason: truncate(reason, 200),
  };
}
