// BullMQ on its Postgres backend, in a database of its own.
import { runMigrations } from "bullmq";
import pg from "pg";
import { createEmptyDatabase } from "../support/database.ts";
import { conforms } from "./conforms.ts";

conforms("BullMQ on Postgres", async () => {
  const connectionString = await createEmptyDatabase();
  const client = new pg.Client(connectionString);
  await client.connect();
  await runMigrations(client);
  return {
    kind: "bullmq-postgres",
    url: connectionString,
    async lose() {
      const { rows } = await client.query<{ tables: string }>(
        `select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'migration'`,
      );
      // A worker may hold some of them, and want others.
      await repeatOnDeadlock(async () => client.query(`truncate ${rows[0]?.tables ?? ""} cascade`));
    },
    end: async () => client.end(),
  };
});

async function repeatOnDeadlock(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== "40P01") throw error;
    }
  }
}
