// pg-boss in a database of its own, asked by its workers, and telling them.
import pg from "pg";
import { createEmptyDatabase } from "../support/database.ts";
import { conforms } from "./conforms.ts";
import type { DriverService } from "./service.ts";

async function serve(kind: "pg-boss" | "pg-boss-notify"): Promise<DriverService> {
  const connectionString = await createEmptyDatabase();
  const client = new pg.Client(connectionString);
  await client.connect();
  return {
    kind,
    url: connectionString,
    lose: async () => void (await client.query("truncate pgboss.job")),
    end: async () => client.end(),
  };
}

conforms("pg-boss", async () => serve("pg-boss"));
conforms("pg-boss with NOTIFY", async () => serve("pg-boss-notify"));
