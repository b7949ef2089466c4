// Bytes that a consume leaves: its entry, its draw and all their indexes, after many on many accounts.
import pg from "pg";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { table } from "../src/cli/table.ts";
import type { BenchSize } from "./expire.ts";

const accounts = 10_000;
const batch = 10_000;

export async function benchStorage(databaseUrl: string, { full }: BenchSize): Promise<void> {
  const consumes = full ? 1_000_000 : 200_000;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    await pool.query(
      `select tallystick.grant_credits('user-' || account, 1000000, 'purchase_package',
         p_expires_at => clock_timestamp() + make_interval(days => 30 * lot))
       from generate_series(0, $1::integer - 1) as account, generate_series(1, 3) as lot`,
      [accounts],
    );
    const before = await sizes(pool);
    for (let first = 0; first < consumes; first += batch) {
      await tally.credits.consumeMany(
        Array.from({ length: Math.min(batch, consumes - first) }, (_none, n) => ({
          // A step that is no divisor: consecutive calls come from accounts that lie apart.
          userId: `user-${((first + n) * 7919) % accounts}`,
          amount: 1,
          idempotencyKey: timeOrderedKey(first + n),
        })),
      );
    }
    const after = await sizes(pool);
    const grown = [...after].map(([name, bytes]) => [name, (bytes - (before.get(name) ?? 0)) / consumes] as const);
    const total = grown.reduce((sum, [, bytes]) => sum + bytes, 0);
    const rows = [...grown, ["together", total] as const].map(([name, bytes]) => [name, bytes.toFixed(1)]);
    console.log(
      `\nbytes a consume, after ${consumes.toLocaleString("en")} on ${accounts.toLocaleString("en")} accounts, keys of 26 characters that begin with the time\n${table(["", "bytes"], rows, "")}`,
    );
  } finally {
    await tally.close();
    await pool.end();
  }
}

/** Ten characters that grow with time, sixteen of chance: as long as a ULID. */
function timeOrderedKey(index: number): string {
  const chance = Math.random().toString(36).slice(2).padEnd(16, "0").slice(0, 16);
  return `${String(index).padStart(10, "0")}${chance}`;
}

async function sizes(pool: pg.Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ name: string; bytes: string }>(
    `select relation.relname as name, pg_relation_size(relation.oid) as bytes
     from pg_class relation left join pg_index on pg_index.indexrelid = relation.oid
     where coalesce(pg_index.indrelid, relation.oid) in
       ('tallystick.credit_transaction'::regclass, 'tallystick.credit_allocation'::regclass)
     order by relation.relkind desc, relation.relname`,
  );
  return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}
