// Entries as lines of text: CSV for spreadsheets, JSON Lines for programs.
import type { JournalEntry } from "./journal.ts";

type Cell = string | number | null;

const columns: readonly (readonly [name: string, value: (entry: JournalEntry) => Cell])[] = [
  ["id", ({ id }) => id],
  ["user_id", ({ userId }) => userId],
  ["unit", ({ unit }) => unit],
  ["seq", ({ seq }) => seq],
  ["created_at", ({ createdAt }) => createdAt.toISOString()],
  ["type", ({ type }) => type],
  ["amount", ({ amount }) => amount],
  ["balance_after", ({ balanceAfter }) => balanceAfter],
  ["remaining_amount", ({ remainingAmount }) => remainingAmount],
  ["expiration_date", ({ expirationDate }) => expirationDate?.toISOString() ?? null],
  ["operation_id", ({ operationId }) => operationId],
  ["payment_id", ({ paymentId }) => paymentId],
  ["refund_of_id", ({ refundOfId }) => refundOfId],
  ["feature", ({ feature }) => feature],
  ["member", ({ member }) => member],
  ["actor", ({ actor }) => actor],
  ["idempotency_key", ({ idempotencyKey }) => idempotencyKey],
  ["description", ({ description }) => description],
  ["metadata", ({ metadata }) => (metadata === null ? null : JSON.stringify(metadata))],
];

export const csvHeader = `${columns.map(([name]) => name).join(",")}\r\n`;

export function csvLine(entry: JournalEntry): string {
  return `${columns.map(([, value]) => cell(value(entry))).join(",")}\r\n`;
}

export function jsonLine(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

// What spreadsheets begin a formula with, full-width forms and leading blanks included
// (https://owasp.org/www-community/attacks/CSV_Injection). Numbers are the ledger's own and stay.
const formula = /^[\s\p{Cc}]*[=+\-@＝＋－＠]|^[\t\r\n]/u;

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
