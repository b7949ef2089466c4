// The Resend channel: mail by Resend's HTTP API, for runtimes that have no sockets, and for whoever runs no mail server.
// API and errors: https://resend.com/docs/api-reference/emails/send-email, https://resend.com/docs/api-reference/errors

import { TallystickError } from "../kernel/errors.ts";
import type { Channel, CommonOptions, SendOutcome } from "./channel.ts";
import { shortDigest } from "./digest.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { formatMailbox, type MailOptions, parseMailOptions, renderMail } from "./mail.ts";
import { type Answer, outcomeOfStatus, parseJsonObject, postJson } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";

export interface ResendOptions extends CommonOptions, MailOptions {
  /** A key that may send, of the domain that `from` belongs to. */
  readonly apiKey: string;
  /** Another server in place of https://api.resend.com, for tests. */
  readonly apiBase?: string;
}

const quotaPauseMs = 60 * 60 * 1000;

/**
 * Makes a channel that mails through Resend. "Sent" means that Resend took the mail. An idempotency key keeps a retry
 * within 24 hours from becoming a second mail.
 *
 * @throws TallystickError `invalid_request` for an address or a key that can't be one.
 */
export function resend(options: ResendOptions): Channel {
  const { apiKey } = options;
  // It becomes a header.
  if (!/^[\x21-\x7e]{8,200}$/.test(apiKey)) {
    throw new TallystickError("invalid_request", "The Resend API key is not of the form re_….");
  }
  const { from, to } = parseMailOptions(options);
  const base = parseWebhookUrl(options.apiBase ?? "https://api.resend.com", {
    receiver: "Resend",
    hosts: ["api.resend.com"],
    allowPrivateHosts: options.allowPrivateHosts ?? false,
  });
  const url = new URL("/emails", base);
  const name = options.name ?? "resend";
  const language = options.language ?? "en";
  return {
    name,
    language,
    // Two requests a second per team.
    minIntervalMs: 500,
    async send(message, signal) {
      const body = JSON.stringify({
        from: formatMailbox(from),
        to: to.map(formatMailbox),
        ...renderMail(message, language),
        headers: { "Auto-Submitted": "auto-generated" },
      });
      const headers = {
        authorization: `Bearer ${apiKey}`,
        // A key belongs to one body: the same message by another channel is another mail.
        "idempotency-key": await shortDigest(name, ...to.map(({ address }) => address), message.id),
      };
      const answer = await postJson({ url, body, headers, signal, fetch: options.fetch });
      return answer.outcome === "failed" ? answer : readAnswer(answer, [apiKey]);
    },
  };
}

/** Sends one message through Resend at once, without the outbox: no retry, no dedupe. */
export async function sendResendNotification(options: ResendOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(resend(options), message);
}

function readAnswer(answer: Answer, secrets: readonly string[]): SendOutcome {
  const error = parseJsonObject(answer.body)?.["name"];
  // A quota is a matter of days; asking every few seconds would not help.
  const isQuota = answer.status === 429 && typeof error === "string" && error.endsWith("_quota_exceeded");
  const outcome = outcomeOfStatus(answer, secrets, isQuota ? quotaPauseMs : undefined);
  // 409: the first request with this key is still under way. With another body under a known key, no retry helps.
  if (outcome.outcome === "rejected" && error === "concurrent_idempotent_requests") {
    return { ...outcome, outcome: "failed" };
  }
  return outcome;
}
