// The Telegram channel: an HTML message sent by a bot to a chat.
// Limits: https://core.telegram.org/bots/api#sendmessage and https://core.telegram.org/bots/faq

import { TallystickError } from "../kernel/errors.ts";
import type { Channel, CommonOptions, Message, SendOutcome } from "./channel.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { footerOf, severityMarks } from "./message-words.ts";
import { type Answer, describeAnswer, outcomeOfStatus, parseJsonObject, postJson } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, truncate } from "./text-limits.ts";

export interface TelegramOptions extends CommonOptions {
  /** The bot's token, as @BotFather gives it. */
  readonly token: string;
  /** The chat's number (negative for groups), or `@name` of a public channel. */
  readonly chatId: string | number;
  /** The topic in a forum. */
  readonly threadId?: number;
  /** Another server in place of https://api.telegram.org, for tests. */
  readonly apiBase?: string;
}

// Sizes are those of the HTML, which is never shorter than what Telegram counts.
const limits = { message: 4096, title: 256, footer: 300 };
const fieldLimits = { count: 20, name: 200, value: 1000, total: 1800, escape: escapeHtml };

/**
 * Makes a channel that sends as a Telegram bot. "Sent" means that Telegram answered `ok`. Nothing in a message can become
 * a mention or markup, links get no preview, and a message is never refused for its length.
 *
 * @throws TallystickError `invalid_request` for a token or a chat that can't be one.
 */
export function telegram(options: TelegramOptions): Channel {
  const { token, threadId } = options;
  const chatId = String(options.chatId);
  // The token becomes a part of the path.
  if (!/^\d{1,20}:[\w-]{10,100}$/.test(token)) {
    throw new TallystickError("invalid_request", "The Telegram bot token is not of the form 123456:ABC….");
  }
  if (!/^(-?\d{1,20}|@\w{1,64})$/.test(chatId)) {
    throw new TallystickError("invalid_request", "The Telegram chat must be a number, or @name of a public channel.");
  }
  const base = parseWebhookUrl(options.apiBase ?? "https://api.telegram.org", {
    receiver: "Telegram",
    hosts: ["api.telegram.org"],
    allowPrivateHosts: options.allowPrivateHosts ?? false,
  });
  const url = new URL(`/bot${token}/sendMessage`, base);
  return {
    name: options.name ?? "telegram",
    language: options.language ?? "en",
    // One message a second to a chat, and 20 a minute to a group or channel.
    minIntervalMs: /^\d/.test(chatId) ? 1000 : 3000,
    async send(message, signal) {
      const body = JSON.stringify({
        chat_id: chatId,
        ...(threadId !== undefined && { message_thread_id: threadId }),
        text: render(message),
        parse_mode: "HTML",
        link_preview_options: { is_disabled: true },
      });
      const answer = await postJson({ url, body, signal, fetch: options.fetch });
      return answer.outcome === "failed" ? answer : readAnswer(answer, [token, token.slice(token.indexOf(":") + 1)]);
    },
  };
}

/** Sends one message to a Telegram chat at once, without the outbox: no retry, no dedupe. */
export async function sendTelegramNotification(options: TelegramOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(telegram(options), message);
}

function readAnswer(answer: Answer, secrets: readonly string[]): SendOutcome {
  const json = parseJsonObject(answer.body);
  const parameters = typeof json?.["parameters"] === "object" ? { ...json["parameters"] } : {};
  const seconds = "retry_after" in parameters ? parameters.retry_after : undefined;
  const outcome = outcomeOfStatus(answer, secrets, typeof seconds === "number" ? seconds * 1000 : undefined);
  if (outcome.outcome === "sent" && json?.["ok"] !== true) {
    return { outcome: "failed", reason: `no ok in the answer: ${describeAnswer(answer, secrets)}` };
  }
  if (outcome.outcome === "rejected" && "migrate_to_chat_id" in parameters) {
    const reason = `the group became a supergroup, chat ${String(parameters.migrate_to_chat_id)}: ${outcome.reason}`;
    return { ...outcome, reason };
  }
  return outcome;
}

function escapeHtml(character: string): string {
  return character === "&" ? "&amp;" : character === "<" ? "&lt;" : character === ">" ? "&gt;" : character;
}

// Telegram finds @names in a text by itself. A word joiner, which has no width, keeps it from that.
function escapeText(character: string): string {
  return character === "@" ? "@\u2060" : escapeHtml(character);
}

function render(message: Message): string {
  const title = truncate(message.title, limits.title, { escape: escapeText });
  // In code nothing is looked for, so values can be copied as they are.
  const fields = fitFields(message.fields, fieldLimits).map(
    ({ name, value }) => `${name.replaceAll("@", "@\u2060")}: <code>${value}</code>`,
  );
  const footer = truncate(footerOf(message), limits.footer, { escape: escapeHtml });
  const whole = (text: string): string =>
    [
      ...(title === "" ? [] : [`${severityMarks[message.severity]} <b>${title}</b>`]),
      ...(text === "" ? [] : [text]),
      ...(fields.length === 0 ? [] : [fields.join("\n")]),
      `<code>${footer}</code>`,
    ].join("\n\n");
  const room = limits.message - whole("–").length + 1;
  return whole(truncate(message.text, room, { escape: escapeText }));
}
