// Run before a first start, from this folder: checks the environment, migrates, creates the administrator.
import { adminEmail, createAdminIfMissing } from "./auth/admin.ts";
import { migrateAll } from "./database/migrate.ts";
import { pool } from "./database/pool.ts";
import { env } from "./env.ts";

try {
  env();
  await migrateAll();
  const password = await createAdminIfMissing();
  if (password !== undefined) {
    console.log(`\n  Administrator  ${adminEmail}\n  Password       ${password}   (shown this once)\n`);
  }
  await pool().end();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
