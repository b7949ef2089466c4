// The WeCom (企业微信) channel: a Markdown message posted to the bot of a group.
// Group bots: https://developer.work.weixin.qq.com/document/path/91770

import { type BotCodes, readBotAnswer } from "./bot-answer.ts";
import { escapeInLine, escapeMarkup } from "./bot-markdown.ts";
import type { Channel, ChannelOptions, Message, SendOutcome, Severity } from "./channel.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { footerOf } from "./message-words.ts";
import { postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, truncate, utf8Bytes } from "./text-limits.ts";

// Sizes are bytes of UTF-8.
const limits = { content: 4096, title: 200, footer: 300 };
const fieldLimits = { count: 20, name: 100, value: 500, total: 1600, escape: escapeInLine, size: utf8Bytes };

const codes: BotCodes = {
  // The limit is counted by the minute.
  rateLimitPauseMs: 60_000,
  rateLimited: new Set([45009, 45033]),
  // 93xxx are the bot's own refusals, 40xxx, 41xxx and 44xxx those of what was sent; 45002 is its size.
  isPermanent: (code) => [40, 41, 44, 93].includes(Math.floor(code / 1000)) || code === 45002,
  hints: {
    93000: "the bot does not exist",
    93004: "the bot is switched off",
    93008: "the bot is not in the group",
    93017: "the bot is switched off",
  },
};

/** The colours that the bot's Markdown knows: green and orange. */
const colours: Record<Severity, string> = { info: "info", warning: "warning", critical: "warning" };

/**
 * Makes a channel that posts to a group bot of WeCom. "Sent" means that the bot answered errcode 0. Nothing in a message
 * can become a mention or a link with another text, and a message is never refused for its size.
 *
 * @throws TallystickError `invalid_request` for a URL that does not lead to WeCom.
 */
export function wecom(options: ChannelOptions): Channel {
  const rule = {
    receiver: "WeCom",
    hosts: ["qyapi.weixin.qq.com"],
    allowPrivateHosts: options.allowPrivateHosts ?? false,
  };
  const url = parseWebhookUrl(options.url, rule);
  const secrets = [...secretsOf(url), ...url.searchParams.values()];
  return {
    name: options.name ?? "wecom",
    language: options.language ?? "en",
    // 20 messages a minute per bot.
    minIntervalMs: 3000,
    async send(message, signal) {
      const body = JSON.stringify({ msgtype: "markdown", markdown: { content: render(message) } });
      const answer = await postJson({ url, body, signal, fetch: options.fetch });
      return answer.outcome === "failed" ? answer : readBotAnswer(answer, codes, secrets);
    },
  };
}

/** Sends one message to a WeCom bot at once, without the outbox: no retry, no dedupe. */
export async function sendWecomNotification(options: ChannelOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(wecom(options), message);
}

function render(message: Message): string {
  const inLine = { escape: escapeInLine, size: utf8Bytes };
  const title = truncate(message.title, limits.title, inLine);
  const footer = truncate(footerOf(message), limits.footer, inLine);
  const fields = fitFields(message.fields, fieldLimits).map(({ name, value }) => `> **${name}**: ${value}`);
  const content = (text: string): string =>
    [
      ...(title === "" ? [] : [`**<font color="${colours[message.severity]}">${title}</font>**`]),
      ...(text === "" ? [] : [text]),
      ...fields,
      `<font color="comment">${footer}</font>`,
    ].join("\n");
  const room = limits.content - utf8Bytes(content("–")) + utf8Bytes("–");
  return content(truncate(message.text, room, { escape: escapeMarkup, size: utf8Bytes }));
}
