// The Slack channel: Block Kit blocks, with a plain text for notifications, posted to an incoming webhook.
// Limits: https://docs.slack.dev/reference/block-kit/blocks

import type { Channel, ChannelOptions, Message, SendOutcome } from "./channel.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { severityWords } from "./message-words.ts";
import { outcomeOfStatus, postJson, secretsOf } from "./send-http.ts";
import { type MessageInput, sendOnce } from "./send.ts";
import { fitFields, truncate } from "./text-limits.ts";

const limits = { header: 150, section: 3000, fieldsPerSection: 10, field: 2000, context: 300 };

// Two sections of fields; their sum keeps the whole message below what Slack refuses as msg_blocks_too_long.
const fieldLimits = { count: 20, name: 250, value: 1700, total: 8000, escape };

/**
 * Makes a channel that posts to a Slack incoming webhook. Nothing in a message can become a mention or a link to
 * elsewhere, and a message is never refused for its length.
 *
 * @throws TallystickError `invalid_request` for a URL that does not lead to Slack.
 */
export function slack(options: ChannelOptions): Channel {
  const rule = {
    receiver: "Slack",
    hosts: ["hooks.slack.com"],
    allowPrivateHosts: options.allowPrivateHosts ?? false,
  };
  const url = parseWebhookUrl(options.url, rule);
  const language = options.language ?? "en";
  return {
    name: options.name ?? "slack",
    language,
    // One message a second per webhook.
    minIntervalMs: 1000,
    async send(message, signal) {
      const body = JSON.stringify(render(message, language));
      const answer = await postJson({ url, body, signal, fetch: options.fetch });
      // Errors (invalid_payload, no_service, channel_is_archived …) are plain text under a 4xx status.
      return answer.outcome === "failed" ? answer : outcomeOfStatus(answer, secretsOf(url));
    },
  };
}

/** Sends one message to a Slack webhook at once, without the outbox: no retry, no dedupe. */
export async function sendSlackNotification(options: ChannelOptions, message: MessageInput): Promise<SendOutcome> {
  return sendOnce(slack(options), message);
}

// The three characters that Slack reads as control characters: https://docs.slack.dev/messaging/formatting-message-text
function escape(character: string): string {
  return character === "&" ? "&amp;" : character === "<" ? "&lt;" : character === ">" ? "&gt;" : character;
}

function render(message: Message, language: Channel["language"]) {
  const title = truncate(message.title, limits.header, { escape });
  const text = truncate(message.text, limits.section, { escape });
  const fields = fitFields(message.fields, fieldLimits).map((field) => mrkdwn(`*${field.name}*\n${field.value}`));
  const sections = [];
  for (let first = 0; first < fields.length; first += limits.fieldsPerSection) {
    sections.push({ type: "section", fields: fields.slice(first, first + limits.fieldsPerSection) });
  }
  const context = `${message.kind} · ${message.createdAt.toISOString()} · ${message.id}`;
  return {
    text: text === "" ? title : `${title}\n${text}`,
    blocks: [
      ...(title === "" ? [] : [{ type: "header", text: { type: "plain_text", text: title } }]),
      ...(text === "" ? [] : [{ type: "section", text: mrkdwn(text) }]),
      ...sections,
      {
        type: "context",
        elements: [
          mrkdwn(`${severityWords[language][message.severity]} · ${truncate(context, limits.context, { escape })}`),
        ],
      },
    ],
  };
}

// `verbatim` keeps Slack from finding links, channels and users in the text.
function mrkdwn(text: string) {
  return { type: "mrkdwn", text, verbatim: true };
}
