// Words and signs that messages share, whatever they announce.

import type { Channel, Message, Severity } from "./channel.ts";

export const severityWords: Readonly<Record<Channel["language"], Readonly<Record<Severity, string>>>> = {
  en: { info: "Info", warning: "Warning", critical: "Critical" },
  zh: { info: "信息", warning: "警告", critical: "严重" },
};

/** For receivers whose text has no colours. */
export const severityMarks: Readonly<Record<Severity, string>> = { info: "ℹ️", warning: "⚠️", critical: "🚨" };

/** What a reader needs to find the message again. */
export function footerOf({ kind, createdAt, id }: Message): string {
  return `${kind} · ${createdAt.toISOString()} · ${id}`;
}
