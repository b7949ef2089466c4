// Migration with all the SQL of this version. The engine loads it when it is asked to migrate or for its health: most
// processes of a product do neither more than once.
import * as migrations from "./db/migrate.ts";
import type { Database } from "./db/database.ts";
import { storedFunctions } from "./stored-functions.ts";

export async function migrate(database: Database): Promise<migrations.MigrateResult> {
  return migrations.migrate(database, storedFunctions);
}

export async function migrationState(database: Database): Promise<migrations.MigrationState> {
  return migrations.migrationState(database, storedFunctions);
}
