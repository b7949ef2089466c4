// The Discord channel: one embed per message, posted to a webhook of API v10.
// Limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits

import type { Channel, ChannelOptions, Message, SendOutcome, Severity } from "./channel.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { type Answer, outcomeOfStatus, parseJsonObject, postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, truncate } from "./text-limits.ts";

const hosts = ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"];
const limits = { title: 256, description: 4096, fields: 25, name: 256, value: 1024, footer: 200, total: 6000 };

/** This much of the text is kept before the fields get their share of the total. */
const reservedDescription = 2000;

const colours: Record<Severity, number> = { info: 0x3498db, warning: 0xf1c40f, critical: 0xe74c3c };

/**
 * Makes a channel that posts to a Discord webhook. Mentions in a message never fire, a message is never refused for its
 * length, and "sent" means that Discord stored it.
 *
 * @throws TallystickError `invalid_request` for a URL that does not lead to Discord.
 */
export function discord(options: ChannelOptions): Channel {
  const rule = { receiver: "Discord", hosts, allowPrivateHosts: options.allowPrivateHosts ?? false };
  const url = executeUrl(parseWebhookUrl(options.url, rule));
  return {
    name: options.name ?? "discord",
    language: options.language ?? "en",
    // Discord publishes no fixed limit and asks to follow its answers instead.
    minIntervalMs: 0,
    async send(message, signal) {
      const answer = await postJson({ url, body: JSON.stringify(render(message)), signal, fetch: options.fetch });
      return answer.outcome === "failed" ? answer : outcomeOfStatus(answer, secretsOf(url), retryAfterMs(answer));
    },
  };
}

/** Sends one message to a Discord webhook at once, without the outbox: no retry, no dedupe. */
export async function sendDiscordNotification(options: ChannelOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(discord(options), message);
}

function executeUrl(webhook: URL): URL {
  const url = new URL(webhook);
  // A path without a version means API v6, where retry_after was milliseconds.
  url.pathname = url.pathname.replace(/^\/api(?:\/v\d+)?\/webhooks\//, "/api/v10/webhooks/");
  // Without wait=true Discord answers 204 before it has stored the message, and reports no failure to do so.
  url.searchParams.set("wait", "true");
  return url;
}

function retryAfterMs(answer: Answer): number | undefined {
  const seconds = parseJsonObject(answer.body)?.["retry_after"];
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

// Discord shows `[text](url)` as a link that hides where it leads, and `<…>` as a mention, even where none may fire.
const marks: Readonly<Record<string, string>> = { "[": "\\[", "<": "\\<", "\\": "\\\\" };
const escape = (character: string): string => marks[character] ?? character;

function render(message: Message) {
  const title = truncate(message.title, limits.title, { escape });
  const footer = truncate(`${message.kind} · ${message.id}`, limits.footer);
  const total = limits.total - title.length - footer.length;
  const fields = fitFields(message.fields, {
    count: limits.fields,
    name: limits.name,
    value: limits.value,
    total: total - Math.min(message.text.length, reservedDescription),
    escape,
  });
  const used = fields.reduce((sum, field) => sum + field.name.length + field.value.length, 0);
  const description = truncate(message.text, Math.min(limits.description, total - used), { escape });
  return {
    embeds: [
      {
        ...(title === "" ? {} : { title }),
        ...(description === "" ? {} : { description }),
        color: colours[message.severity],
        fields: fields.map((field) => ({ ...field, inline: true })),
        footer: { text: footer },
        timestamp: message.createdAt.toISOString(),
      },
    ],
    allowed_mentions: { parse: [] },
  };
}
