// One Postgres for the whole run, and in it one migrated database as the template of every test file's own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { connect } from "../../src/db/database.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { storedFunctions } from "../../src/stored-functions.ts";
import { migrate } from "../../src/db/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Connection string of a database in which databases may be created. */
    serverUrl: string;
    templateName: string;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-test-"));
  const given = process.env["TEST_DATABASE_URL"];
  const server = given === undefined ? await startEmbeddedPostgres({ directory }) : undefined;
  const serverUrl = given ?? server?.connectionString ?? "";
  const templateName = `tallystick_template_${process.pid}`;

  const admin = new pg.Client(serverUrl);
  await admin.connect();
  await admin.query(`create database ${templateName}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${templateName}`;
  const template = connect(url.href);
  await migrate(template, storedFunctions);
  await template.close();

  provide("serverUrl", serverUrl);
  provide("templateName", templateName);
  return async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
