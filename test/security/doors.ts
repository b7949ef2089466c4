// What the tests of the doors share: all that a database holds, as one text, and whether anybody asked it.
import type { Pool } from "pg";
import type { Database } from "../../src/db/database.ts";

/** Every row of every table of the schema, digested: two that are equal mean that nothing was written in between. */
export async function everyRow(sql: Database, schema = "tallystick"): Promise<Record<string, string>> {
  const tables = await sql.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = $1 order by 1",
    [schema],
  );
  const rows = await sql.query<{ name: string; digest: string }>(
    tables
      .map(
        ({ name }) =>
          `select '${name}' as name, count(*) || ':' || coalesce(md5(string_agg(t::text, ',' order by t::text)), '') as digest
           from "${schema}"."${name}" t`,
      )
      .join(" union all "),
  );
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}

/** How often a connection of the pool was taken so far. */
export function countUses(pool: Pool): () => number {
  let uses = 0;
  pool.on("acquire", () => {
    uses += 1;
  });
  return () => uses;
}
