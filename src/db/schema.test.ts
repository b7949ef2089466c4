import { getTableColumns, getViewSelectedFields, is, type Table, type View } from "drizzle-orm";
import { getTableConfig, getViewConfig, PgTable, PgView, type PgColumn } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "./database.ts";
import * as schema from "./schema.ts";

interface LiveColumn {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly required: boolean;
}

let database: Database;
let live: LiveColumn[];

beforeAll(async () => {
  database = connect(await createTestDatabase());
  live = await database.query<LiveColumn>(
    // A domain is described by the type that it restricts.
    `select class.relname as "table", attribute.attname as "column",
       format_type(case when type.typtype = 'd' then type.typbasetype else type.oid end, atttypmod) as type,
       attribute.attnotnull as required
     from pg_class class join pg_attribute attribute on attribute.attrelid = class.oid
     join pg_type type on type.oid = attribute.atttypid
     where class.relnamespace = 'tallystick'::regnamespace and class.relkind in ('r', 'v')
       and attnum > 0 and not attisdropped and class.relname <> 'migration'`,
  );
});
afterAll(async () => database.close());

function columnsOf(item: unknown): { name: string; columns: PgColumn[] } | undefined {
  if (is(item, PgTable))
    return { name: getTableConfig(item).name, columns: Object.values(getTableColumns(item as Table)) as PgColumn[] };
  if (is(item, PgView)) {
    return {
      name: getViewConfig(item).name,
      columns: Object.values(getViewSelectedFields(item as View)) as unknown as PgColumn[],
    };
  }
  return undefined;
}

const described = Object.values(schema).flatMap((item) => columnsOf(item) ?? []);

describe("schema.ts", () => {
  it("describes every table and view of the live database, and no other", () => {
    expect(described.map(({ name }) => name).toSorted()).toEqual(
      [...new Set(live.map(({ table }) => table))].toSorted(),
    );
  });

  it.each(described)(
    "describes the columns of $name as they are: names, types and which are required",
    ({ name, columns }) => {
      const actual = live.filter(({ table }) => table === name);
      const isView = name === "credit_transaction_detail";
      const picture = columns.map((column) => ({
        column: column.name,
        type: column.getSQLType(),
        required: isView ? false : column.notNull,
      }));
      const truth = actual.map(({ column, type, required }) => ({ column, type, required }));
      expect(sorted(picture)).toEqual(sorted(truth));
    },
  );
});

function sorted<Item extends { column: string }>(items: Item[]): Item[] {
  return items.toSorted((a, b) => (a.column < b.column ? -1 : 1));
}
