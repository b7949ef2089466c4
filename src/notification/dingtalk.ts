// The DingTalk channel: a Markdown message, signed, posted to a custom bot of a group.
// Custom bots: https://open.dingtalk.com/document/robots/custom-robot-access

import { type BotCodes, readBotAnswer } from "./bot-answer.ts";
import { escapeInLine, escapeMarkup } from "./bot-markdown.ts";
import type { Channel, ChannelOptions, Message, SendOutcome } from "./channel.ts";
import { hmacSha256 } from "./digest.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { footerOf, severityMarks } from "./message-words.ts";
import { postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, jsonBytes, truncate } from "./text-limits.ts";

export interface DingtalkOptions extends ChannelOptions {
  /** The secret of the bot's signature ("加签"), if that is switched on. */
  readonly secret?: string;
}

// Sizes are bytes of the JSON text. The bot refuses a body of more than 20,000.
const limits = { title: 200, text: 12_000, footer: 400 };
const fieldLimits = { count: 25, name: 150, value: 1000, total: 5000, escape: escapeInLine, size: jsonBytes };

const codes: BotCodes = {
  // More than 20 messages in a minute, and the bot is silenced for ten.
  rateLimitPauseMs: 600_000,
  rateLimited: new Set([130101, 410100]),
  // 31, 30: security settings and token; 40, 43, 46: bot, content, size.
  isPermanent: (code) => [300, 310, 400, 430, 460].includes(Math.floor(code / 1000)),
  hints: {
    300001: "the bot does not exist",
    300005: "the bot does not exist",
    310000: "the security settings refuse it: signature, a keyword that is missing, or this machine's IP address",
    400101: "the bot does not exist",
    400102: "the bot is switched off",
  },
};

/**
 * Makes a channel that posts to a custom bot of DingTalk. "Sent" means that the bot answered errcode 0. Nothing in a
 * message can become a mention, a link with another text or an image, and a message is never refused for its size.
 *
 * @throws TallystickError `invalid_request` for a URL that does not lead to DingTalk.
 */
export function dingtalk(options: DingtalkOptions): Channel {
  const rule = {
    receiver: "DingTalk",
    hosts: ["oapi.dingtalk.com"],
    allowPrivateHosts: options.allowPrivateHosts ?? false,
  };
  const url = parseWebhookUrl(options.url, rule);
  const secret = options.secret === "" ? undefined : options.secret;
  const secrets = [
    ...secretsOf(url),
    ...url.searchParams.values(),
    ...(secret === undefined ? [] : [secret, encodeURIComponent(secret)]),
  ];
  return {
    name: options.name ?? "dingtalk",
    language: options.language ?? "en",
    // 20 messages a minute per bot.
    minIntervalMs: 3000,
    async send(message, signal) {
      const target = secret === undefined ? url : await signed(url, secret);
      const answer = await postJson({
        url: target,
        body: JSON.stringify(render(message)),
        signal,
        fetch: options.fetch,
      });
      return answer.outcome === "failed" ? answer : readBotAnswer(answer, codes, secrets);
    },
  };
}

/** Sends one message to a DingTalk bot at once, without the outbox: no retry, no dedupe. */
export async function sendDingtalkNotification(options: DingtalkOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(dingtalk(options), message);
}

/** Computes the bot's signature: the secret is the HMAC's key and part of the message. */
export async function dingtalkSignature(timestamp: string, secret: string): Promise<string> {
  return hmacSha256(secret, `${timestamp}\n${secret}`);
}

async function signed(webhook: URL, secret: string): Promise<URL> {
  const url = new URL(webhook);
  // The time of sending, not of the message: the bot refuses a timestamp that is an hour off.
  const timestamp = String(Date.now());
  url.searchParams.set("timestamp", timestamp);
  url.searchParams.set("sign", await dingtalkSignature(timestamp, secret));
  return url;
}

function render(message: Message) {
  const title = truncate(message.title, limits.title, { escape: escapeInLine, size: jsonBytes });
  // Two spaces before it make a line feed a line break.
  const escape = (character: string): string => (character === "\n" ? "  \n" : escapeMarkup(character));
  const text = truncate(message.text, limits.text, { escape, size: jsonBytes });
  const footer = truncate(footerOf(message), limits.footer, { escape: escapeInLine, size: jsonBytes });
  const parts = [
    ...(title === "" ? [] : [`### ${severityMarks[message.severity]} ${title}`]),
    ...(text === "" ? [] : [text]),
    ...fitFields(message.fields, fieldLimits).map(({ name, value }) => `**${name}**: ${value}`),
    footer,
  ];
  return {
    msgtype: "markdown",
    // Shown in the list of chats; the bot refuses an empty one.
    markdown: { title: title || message.kind, text: parts.join("\n\n") },
    at: { atMobiles: [], atUserIds: [], isAtAll: false },
  };
}
