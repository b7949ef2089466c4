// Reading all rows of a question a page at a time along a key, so that an export of any length needs the memory of one
// page. No transaction is held open between pages.
import type { Queryable } from "./database.ts";

export interface ExportPage {
  /** What the rows are, such as `transactions`. Pages of one section follow each other. */
  readonly section: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

export interface ExportQuestion {
  /** SQL whose $1 is the key to go on after and $2 the page's size; it answers the key as `cursor`, and in its order. */
  readonly sql: string;
  /** $3 and on. */
  readonly values: readonly unknown[];
  readonly pageSize?: number | undefined;
}

/** Answers one page at least, so that a section without rows is seen to be empty. */
export async function* readPages(
  queryable: Queryable,
  section: string,
  { sql, values, pageSize = 1000 }: ExportQuestion,
): AsyncGenerator<ExportPage, void, undefined> {
  let after = 0;
  for (;;) {
    const rows = await queryable.query<Record<string, unknown> & { cursor: number }>(sql, [after, pageSize, ...values]);
    yield { section, rows: rows.map(({ cursor: _cursor, ...row }) => row) };
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.cursor;
  }
}
