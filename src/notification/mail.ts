// What is the same in every mail, whoever carries it: addresses that can't smuggle a header, the subject, a plain text and
// an HTML part with the same words.

import { TallystickError } from "../kernel/errors.ts";
import type { Channel, Message } from "./channel.ts";
import { footerOf, severityWords } from "./message-words.ts";
import { fitFields, truncate } from "./text-limits.ts";

export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

export interface MailOptions {
  /** `name@example.com`, or `Name <name@example.com>`. */
  readonly from: string;
  /** One address or several. */
  readonly to: string | readonly string[];
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

// A mail client shows about 70 characters of a subject; the rest are for those who open it.
const limits = { subject: 150, text: 50_000, footer: 600 };
const fieldLimits = { count: 50, name: 300, value: 5000, total: 50_000 };

// Printable ASCII without what separates, quotes or comments addresses. Internationalised addresses are not taken.
const addressPattern = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** Reads the addresses of a channel. @throws TallystickError `invalid_request`, naming the option */
export function parseMailOptions(options: MailOptions): { readonly from: Mailbox; readonly to: readonly Mailbox[] } {
  const to = typeof options.to === "string" ? [options.to] : options.to;
  if (to.length === 0 || to.length > 50) {
    throw new TallystickError("invalid_request", "The option to takes 1 to 50 addresses.");
  }
  return { from: parseMailbox(options.from, "from"), to: to.map((value) => parseMailbox(value, "to")) };
}

function parseMailbox(value: string, option: string): Mailbox {
  const [, name = "", bracketed] = /^([^<>]*)<([^<>]*)>$/.exec(value.trim()) ?? [];
  const address = bracketed ?? value.trim();
  if (!addressPattern.test(address) || /[\p{Cc}"]/u.test(name)) {
    throw new TallystickError(
      "invalid_request",
      `The option ${option} must be name@example.com or Name <name@example.com>.`,
    );
  }
  return { name: name.trim(), address };
}

/** A mailbox as it stands in a header, its name quoted. */
export function formatMailbox({ name, address }: Mailbox): string {
  return name === "" ? address : `"${name.replaceAll("\\", "")}" <${address}>`;
}

/** Renders a message. The subject is one line; nothing of the message is taken for HTML. */
export function renderMail(message: Message, language: Channel["language"]): Mail {
  const title = truncate(inLine(message.title), limits.subject) || message.kind;
  const text = truncate(message.text, limits.text);
  const fields = fitFields(message.fields, fieldLimits);
  const footer = truncate(inLine(footerOf(message)), limits.footer);
  const word = severityWords[language][message.severity];
  return {
    subject: message.severity === "info" ? title : `[${word}] ${title}`,
    text: [
      title,
      ...(text === "" ? [] : [text]),
      ...(fields.length === 0 ? [] : [fields.map(({ name, value }) => `${name}: ${value}`).join("\n")]),
      `-- \n${footer}`,
    ].join("\n\n"),
    html: [
      `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>`,
      `<body style="font-family:sans-serif;font-size:15px;line-height:1.5">`,
      `<h1 style="font-size:18px">${escapeHtml(title)}</h1>`,
      ...(text === "" ? [] : [`<p>${escapeHtml(text).replaceAll("\n", "<br>\n")}</p>`]),
      ...(fields.length === 0 ? [] : [`<table>${fields.map(rowOf).join("\n")}</table>`]),
      `<p style="color:#666;font-size:12px">${word} · ${escapeHtml(footer)}</p></body></html>`,
    ].join("\n"),
  };
}

function rowOf({ name, value }: { readonly name: string; readonly value: string }): string {
  const style = `style="text-align:left;vertical-align:top;padding:2px 12px 2px 0"`;
  return `<tr><th ${style}>${escapeHtml(name)}</th><td>${escapeHtml(value).replaceAll("\n", "<br>\n")}</td></tr>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

function inLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
