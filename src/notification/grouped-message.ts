// One message for many alerts of one kind and cause: how many there were, and what the first of them said.
import type { Message, Severity } from "./channel.ts";
import { type Language, wordsOf } from "./templates/words.ts";
import { truncate } from "./text-limits.ts";

/** An alert as it is stored. */
export interface StoredAlert extends Pick<Message, "severity" | "title" | "fields" | "createdAt"> {
  readonly body: string;
}

export interface Group {
  /** All of them, the message's own alert included. */
  readonly count: number;
  /** The mildest to the gravest that there is. */
  readonly severities: readonly Severity[];
  readonly lastAt: Date;
  /** Oldest first, the message's own alert first of all. */
  readonly first: readonly StoredAlert[];
}

/** How many alerts of a group are told word for word. */
export const TOLD_IN_FULL = 5;

const MAX_LINE = 500;
const gravestFirst: readonly Severity[] = ["critical", "warning", "info"];

/** Makes the message that tells a group, under the id of its first alert. */
export function groupedMessage(message: Message, group: Group, language: Language): Message {
  const { say, whole, time } = wordsOf(language);
  const { count, first, lastAt } = group;
  const more = count - first.length;
  return {
    ...message,
    severity: gravestFirst.find((severity) => group.severities.includes(severity)) ?? message.severity,
    title: say(`${message.title} (${whole(count)} times)`, `${message.title}（共 ${whole(count)} 次）`),
    text: [
      say(
        `${whole(count)} alerts from ${time(message.createdAt)} to ${time(lastAt)}:`,
        `${time(message.createdAt)} 至 ${time(lastAt)} 共 ${whole(count)} 条：`,
      ),
      ...first.map((alert) => `- ${lineOf(alert)}`),
      ...(more > 0 ? [say(`and ${whole(more)} more.`, `以及另外 ${whole(more)} 条。`)] : []),
    ].join("\n"),
    fields: [],
  };
}

function lineOf({ body, fields }: StoredAlert): string {
  const details = fields.map(({ name, value }) => `${name}: ${value}`).join("; ");
  const line = details === "" ? body : `${body} ${details}`;
  return truncate(line.replaceAll(/\s+/g, " "), MAX_LINE);
}
