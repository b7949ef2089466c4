// Text for people: tables in aligned columns.

export type Cell = string | number | Date | null | undefined;

const MAX_WIDTH = 160;

/** A table; numbers stand to the right. Answers `empty` when there is no row. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => row.map((value) => shorten(cell(value))));
  const widths = columns.map((name, index) => Math.max(name.length, ...cells.map((row) => (row[index] ?? "").length)));
  const isNumber = columns.map((_name, index) => rows.every((row) => typeof row[index] === "number"));
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) =>
        isNumber[index] === true ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [columns, ...cells].map(line).join("\n");
}

/** Names and values, one pair a line. */
export function pairs(entries: readonly (readonly [string, Cell])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`.trimEnd()).join("\n");
}

/** "1 lot", "2 lots". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

// One line whatever is in it: control characters of stored texts don't reach the terminal.
function cell(value: Cell): string {
  if (value === null || value === undefined) return "-";
  if (value instanceof Date) return value.toISOString();
  return String(value).replace(/\p{Cc}+/gu, " ");
}

function shorten(text: string): string {
  return text.length > MAX_WIDTH ? `${text.slice(0, MAX_WIDTH - 1)}…` : text;
}
