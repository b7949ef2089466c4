// Which database a command works on: DATABASE_URL, else the development Postgres of the project that one stands in.
import { existsSync } from "node:fs";
import path from "node:path";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { Surroundings } from "./env.ts";

export interface FoundDatabase {
  readonly url: string;
  /** Where it was found, without secrets. */
  readonly source: string;
  /** Leaves it: the embedded Postgres ends when nobody else uses it. */
  close(): Promise<void>;
}

/**
 * Finds the database; starts the embedded Postgres if it does not run, and never creates one.
 * @throws not_found, storage_unavailable
 */
export async function findDatabase({ databaseUrl, directory }: Surroundings): Promise<FoundDatabase> {
  if (databaseUrl !== undefined) return { url: databaseUrl, source: "DATABASE_URL", close: async () => undefined };
  const embedded = ancestors(directory)
    .map((ancestor) => path.join(ancestor, ".tallystick"))
    .find((candidate) => existsSync(path.join(candidate, "postgres")));
  if (embedded === undefined) {
    throw new TallystickError(
      "not_found",
      `No database was found: DATABASE_URL is not set, and neither ${directory} nor a directory above it has a ` +
        "Postgres in .tallystick. Set DATABASE_URL, or run `npm start` once.",
    );
  }
  const postgres = await startEmbeddedPostgres({ directory: embedded });
  return { url: postgres.connectionString, source: embedded, close: async () => postgres.stop() };
}

function ancestors(directory: string): string[] {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}
