// A database for one simulation, beside the one that was found, so that its future is in nobody's ledger.
import { randomBytes } from "node:crypto";
import { connect } from "../../db/database.ts";

export interface ScratchDatabase {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

/** Creates it on the same server; the role needs the right to create databases. */
export async function createScratchDatabase(serverUrl: string): Promise<ScratchDatabase> {
  const name = `tallystick_simulation_${randomBytes(6).toString("hex")}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await onServer(serverUrl, `create database ${name} template template0`);
  return { name, url: url.href, drop: async () => onServer(serverUrl, `drop database ${name} with (force)`) };
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const database = connect(serverUrl, { poolSize: 1 });
  try {
    await database.query(statement);
  } finally {
    await database.close();
  }
}
