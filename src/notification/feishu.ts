// The Feishu and Lark channel: an interactive card (JSON 2.0), signed, posted to a custom bot.
// Custom bots: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot

import type { Channel, ChannelOptions, SendOutcome } from "./channel.ts";
import { hmacSha256 } from "./digest.ts";
import { feishuCard } from "./feishu-card.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { type Answer, describeAnswer, outcomeOfStatus, parseJsonObject, postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";

export interface FeishuOptions extends ChannelOptions {
  /** The secret of the bot's signature check, if that is switched on. */
  readonly secret?: string;
}

const hosts = ["open.feishu.cn", "open.larksuite.com"];
const maxBodyBytes = 20_000;
const rateLimitPauseMs = 10_000;

// 11232 is the custom bot's own limit, 99991400 that of the whole open platform.
const rateLimitCodes = new Set([11232, 99991400]);

const hints: Record<number, string> = {
  9499: "the request is malformed",
  19001: "the webhook does not exist",
  19021: "the signature does not match, or this machine's clock is more than an hour off",
  19022: "this machine's IP address is not on the bot's list",
  19024: "the message has none of the bot's keywords",
};

/**
 * Makes a channel that posts to a custom bot of Feishu or Lark. "Sent" means that the bot answered HTTP 200 with code 0;
 * an answer without a code is a failure. Mentions in a message never fire, and a message is never refused for its size.
 *
 * @throws TallystickError `invalid_request` for a URL that does not lead to Feishu or Lark.
 */
export function feishu(options: FeishuOptions): Channel {
  const rule = { receiver: "Feishu", hosts, allowPrivateHosts: options.allowPrivateHosts ?? false };
  const url = parseWebhookUrl(options.url, rule);
  const language = options.language ?? "en";
  const secret = options.secret === "" ? undefined : options.secret;
  const secrets = [...secretsOf(url), ...(secret === undefined ? [] : [secret])];
  return {
    name: options.name ?? "feishu",
    language,
    // 100 messages a minute per bot.
    minIntervalMs: 600,
    async send(message, signal) {
      const envelope = { ...(secret === undefined ? {} : await sign(secret)), msg_type: "interactive" };
      const room = maxBodyBytes - JSON.stringify({ ...envelope, card: "" }).length;
      const body = JSON.stringify({ ...envelope, card: feishuCard(message, language, room) });
      const answer = await postJson({ url, body, signal, fetch: options.fetch });
      return answer.outcome === "failed" ? answer : readAnswer(answer, secrets);
    },
  };
}

/** Sends one message to a Feishu or Lark bot at once, without the outbox: no retry, no dedupe. */
export async function sendFeishuNotification(options: FeishuOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(feishu(options), message);
}

/** Computes the bot's signature: timestamp and secret are the HMAC's key, and the signed message is empty. */
export async function feishuSignature(timestamp: string, secret: string): Promise<string> {
  return hmacSha256(`${timestamp}\n${secret}`, "");
}

async function sign(secret: string): Promise<{ timestamp: string; sign: string }> {
  // The time of sending, not of the message: the bot refuses a timestamp older than an hour.
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { timestamp, sign: await feishuSignature(timestamp, secret) };
}

function readAnswer(answer: Answer, secrets: readonly string[]): SendOutcome {
  const json = parseJsonObject(answer.body);
  const code = json?.["code"] ?? json?.["StatusCode"];
  if (answer.status >= 500 || typeof code !== "number") {
    const outcome = outcomeOfStatus(answer, secrets, answer.status === 429 ? rateLimitPauseMs : undefined);
    return outcome.outcome === "sent"
      ? { outcome: "failed", reason: `no code in the answer: ${describeAnswer(answer, secrets)}` }
      : outcome;
  }
  if (code === 0) {
    return outcomeOfStatus(answer, secrets);
  }
  const hint = hints[code];
  const reason = `code ${code}${hint === undefined ? "" : ` (${hint})`}: ${describeAnswer(answer, secrets)}`;
  if (rateLimitCodes.has(code)) {
    return { outcome: "rate_limited", retryAfterMs: rateLimitPauseMs, reason };
  }
  // 19xxx are the bot's own refusals. A code that is not known may be an internal error, so it gets another try.
  const permanent = code === 9499 || (code >= 19000 && code < 20000);
  return { outcome: permanent ? "rejected" : "failed", reason };
}
