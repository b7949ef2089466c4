// Which live processes use the directory's server: the last one to leave stops it, whoever started it.
// Read and written under the directory's lock only.
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isAlive, processIdentity } from "./process-identity.ts";

const folder = "postgres.users";

/** Registers this process and answers how to leave. */
export function joinParticipants(directory: string): () => void {
  mkdirSync(path.join(directory, folder), { recursive: true });
  const file = path.join(directory, folder, randomUUID());
  writeFileSync(file, processIdentity(process.pid) ?? String(process.pid));
  return () => rmSync(file, { force: true });
}

/** Counts live participants; entries of processes that died without leaving are removed. */
export function countParticipants(directory: string): number {
  let count = 0;
  for (const name of readdirSync(path.join(directory, folder))) {
    const file = path.join(directory, folder, name);
    if (isAlive(readFileSync(file, "utf8"))) count += 1;
    else rmSync(file, { force: true });
  }
  return count;
}
