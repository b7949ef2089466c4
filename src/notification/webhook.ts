// The generic webhook: a JSON POST to any HTTPS address, signed as https://www.standardwebhooks.com specifies it.

import { Webhook } from "standardwebhooks";
import { TallystickError } from "../kernel/errors.ts";
import { guardedFetch } from "../kernel/guarded-fetch.ts";
import { runsOnNode } from "../kernel/node-runtime.ts";
import { addressCheck } from "../kernel/public-address.ts";
import type { Channel, ChannelOptions, Message, SendOutcome } from "./channel.ts";
import { shortDigest } from "./digest.ts";
import { type Answer, describeAnswer, outcomeOfStatus, postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, jsonBytes, truncate } from "./text-limits.ts";

export interface WebhookOptions extends ChannelOptions {
  /** The secret that signs, `whsec_` and 24 to 64 bytes in base64. Without it the receiver can't know the sender. */
  readonly secret?: string;
  /**
   * Hosts that may be sent to. To be given where addresses can't be checked when connecting: outside Node, and with a
   * fetch of one's own.
   */
  readonly hosts?: readonly string[];
}

// The specification asks for less than 20 KB. Sizes are bytes of the JSON text.
const limits = { title: 600, text: 8000, kind: 200, id: 600 };
const fieldLimits = { count: 50, name: 300, value: 3000, total: 8000, size: jsonBytes };

/**
 * Makes a channel that posts to a webhook of one's own. A message keeps its `webhook-id` over all retries. "Sent" means a
 * status of 2xx; 410 is final, everything else is tried again. On Node it connects to public addresses only.
 *
 * @throws TallystickError `invalid_request` for a URL or a secret that can't be used.
 */
export function webhook(options: WebhookOptions): Channel {
  const url = parseUrl(options);
  const signer = options.secret === undefined || options.secret === "" ? undefined : parseSecret(options.secret);
  const secrets = [...secretsOf(url), ...url.searchParams.values(), ...(options.secret ? [options.secret] : [])];
  const send = guarded(options) ? guardedFetch(addressCheck(options.allowPrivateHosts ?? false)) : options.fetch;
  return {
    name: options.name ?? "webhook",
    language: options.language ?? "en",
    minIntervalMs: 0,
    async send(message, signal) {
      const body = JSON.stringify(render(message));
      // Not the message's own id: the signature is over `id.timestamp.body`, and an id with a full stop could be moved.
      const id = `msg_${await shortDigest(message.id)}`;
      const now = new Date();
      const headers = {
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        ...(signer && { "webhook-signature": signer.sign(id, now, body) }),
      };
      const answer = await postJson({ url, body, headers, signal, fetch: send });
      return answer.outcome === "failed" ? answer : readAnswer(answer, secrets);
    },
  };
}

/** Sends one message to a webhook at once, without the outbox: no retry, no dedupe. */
export async function sendWebhookNotification(options: WebhookOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(webhook(options), message);
}

function guarded(options: WebhookOptions): boolean {
  return options.fetch === undefined && runsOnNode();
}

function parseUrl(options: WebhookOptions): URL {
  const refuse = (problem: string): TallystickError =>
    new TallystickError("invalid_request", `The webhook URL ${problem}.`);
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url === undefined) throw refuse("is not a valid URL");
  const at = `(host ${url.host === "" ? "none" : url.host})`;
  if (url.username !== "" || url.password !== "") throw refuse(`${at} must not carry a user name or password`);
  const allowPrivate = options.allowPrivateHosts ?? false;
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) throw refuse(`${at} must be https`);
  if (options.hosts === undefined && !guarded(options)) {
    throw refuse(`${at} needs the option hosts here: this runtime can't check the address that it connects to`);
  }
  if (options.hosts?.includes(url.hostname) === false) throw refuse(`${at} leads to none of the option hosts`);
  // Names are looked up, and checked, each time that a connection is made.
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (guarded(options) && /^[\d.]+$|:/.test(literal) && !addressCheck(allowPrivate)(literal)) {
    throw refuse(`${at} is not a public address`);
  }
  url.hash = "";
  return url;
}

function parseSecret(secret: string): Webhook {
  const bytes = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const length = bytes === undefined ? 0 : Math.floor((bytes.replace(/=+$/, "").length * 3) / 4);
  if (length < 24 || length > 64) {
    throw new TallystickError("invalid_request", "The webhook's secret must be whsec_ and 24 to 64 bytes in base64.");
  }
  try {
    return new Webhook(secret);
  } catch {
    // No cause: its message may hold the secret.
    throw new TallystickError("invalid_request", "The webhook's secret is not valid base64.");
  }
}

function readAnswer(answer: Answer, secrets: readonly string[]): SendOutcome {
  const outcome = outcomeOfStatus(answer, secrets);
  // The specification's rule: 410 says that nobody listens any more; all else may be mended by whoever runs the receiver.
  if (outcome.outcome === "rejected" && answer.status !== 410) {
    return { outcome: "failed", reason: describeAnswer(answer, secrets) };
  }
  // 503 with Retry-After is a request for a pause, as 429 is.
  if (answer.status === 503 && answer.headers.has("retry-after")) {
    return outcomeOfStatus({ ...answer, status: 429 }, secrets);
  }
  return outcome;
}

function render(message: Message) {
  const cut = (text: string, max: number): string => truncate(text, max, { size: jsonBytes });
  return {
    type: cut(message.kind, limits.kind),
    timestamp: message.createdAt.toISOString(),
    data: {
      id: cut(message.id, limits.id),
      severity: message.severity,
      title: cut(message.title, limits.title),
      text: cut(message.text, limits.text),
      fields: fitFields(message.fields, fieldLimits),
    },
  };
}
