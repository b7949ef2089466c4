// A database for each test file, cloned from the migrated template. It stays after a failure, to be looked at.
import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** Creates an empty migrated database and answers its connection string. */
export async function createTestDatabase(): Promise<string> {
  return createDatabase(inject("templateName"));
}

/** Creates a database without the schema, for tests of migration. */
export async function createEmptyDatabase(): Promise<string> {
  return createDatabase("template1");
}

async function createDatabase(template: string): Promise<string> {
  const serverUrl = inject("serverUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const admin = new pg.Client(serverUrl);
  await admin.connect();
  try {
    await admin.query(`create database ${name} template ${template}`);
  } finally {
    await admin.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
