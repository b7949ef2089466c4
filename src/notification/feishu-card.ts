// Renders a message as a Feishu card (JSON 2.0). That version refuses unknown properties, so the card has few.
// https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v2-structure

import type { Channel, Message, Severity } from "./channel.ts";
import { fitFields, jsonBytes, truncate } from "./text-limits.ts";

const templates: Record<Severity, string> = { info: "blue", warning: "orange", critical: "red" };

const labels = {
  en: { event: "Event", time: "Time", id: "ID", colon: ": " },
  zh: { event: "事件", time: "时间", id: "编号", colon: "：" },
};

// Sizes are bytes of the JSON text.
const limits = { title: 600, footer: 400 };
const fieldLimits = { count: 25, name: 200, value: 1500, total: 8000, escape: escapeMarkdown, size: jsonBytes };

/** Renders the card into at most `maxBytes` of JSON; the message's text gives way first. */
export function feishuCard(message: Message, language: Channel["language"], maxBytes: number) {
  const { colon, ...label } = labels[language];
  const title = truncate(message.title, limits.title, { size: jsonBytes });
  const lines = fitFields(message.fields, fieldLimits).map(({ name, value }) => `**${name}**${colon}${value}`);
  const footer = truncate(
    [
      `${label.event}${colon}${message.kind}`,
      `${label.time}${colon}${message.createdAt.toISOString()}`,
      `${label.id}${colon}${message.id}`,
    ].join(" · "),
    limits.footer,
    { escape: escapeMarkdown, size: jsonBytes },
  );
  const card = (text: string) => ({
    schema: "2.0",
    header: { title: { tag: "plain_text", content: title }, template: templates[message.severity] },
    body: {
      elements: [
        ...(text === "" ? [] : [{ tag: "markdown", content: text }]),
        ...(lines.length === 0 ? [] : [{ tag: "markdown", content: lines.join("\n") }]),
        { tag: "markdown", content: footer, text_size: "notation" },
      ],
    },
  });
  const room = maxBytes - new TextEncoder().encode(JSON.stringify(card("–"))).length;
  return card(truncate(message.text, room, { escape: escapeMarkdown, size: jsonBytes }));
}

// Entities instead of backslashes, as Feishu asks. "<" is what matters: <at id=all></at> would call everyone.
function escapeMarkdown(character: string): string {
  return /[&<>*~`[\]]/.test(character) ? `&#${character.codePointAt(0)};` : character;
}
