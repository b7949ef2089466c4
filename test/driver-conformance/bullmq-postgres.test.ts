// BullMQ on its Postgres backend, in a database of its own.
import { createPostgresBackend, runMigrations } from "bullmq";
import pg from "pg";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { conforms } from "./conforms.ts";

conforms("BullMQ on Postgres", async () => {
  const connectionString = await createEmptyDatabase();
  const client = new pg.Client(connectionString);
  await client.connect();
  await runMigrations(client);
  const connection = { connectionString };
  return {
    name: "bullmq",
    driver: (tickEveryMs) =>
      bullmq({ connection, backend: createPostgresBackend, tickEveryMs, timeoutMs: 1_000, idleMs: 1_000 }),
    async lose() {
      const { rows } = await client.query<{ tables: string }>(
        `select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'migration'`,
      );
      await client.query(`truncate ${rows[0]?.tables ?? ""} cascade`);
    },
    end: async () => client.end(),
  };
});
