// What the tests of the doors share: all that a database holds, as digests, and whether anybody asked it.
import pg from "pg";

/** A digest of every table's rows: two answers that are equal mean that nothing was written in between. */
export async function everyRow(databaseUrl: string): Promise<Record<string, string>> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    // An application's count of tries is written by a refusal too: that is what it is for.
    const tables = await client.query<{ name: string; statement: string }>(
      `select format('%I.%I', schemaname, tablename) as name,
         format('select count(*) || '' '' || coalesce(md5(string_agg(t::text, '','' order by t::text)), '''') as digest from %I.%I t',
           schemaname, tablename) as statement
       from pg_tables where schemaname not in ('pg_catalog', 'information_schema') and tablename not like 'rate_limit%' order by 1`,
    );
    const digests: Record<string, string> = {};
    for (const { name, statement } of tables.rows) {
      const { rows } = await client.query<{ digest: string }>(statement);
      digests[name] = rows[0]?.digest ?? "";
    }
    return digests;
  } finally {
    await client.end();
  }
}

/** How often a connection of the pool was taken so far. */
export function countUses(pool: pg.Pool): () => number {
  let uses = 0;
  pool.on("acquire", () => {
    uses += 1;
  });
  return () => uses;
}
