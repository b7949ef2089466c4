// A lock between processes on a directory, held by a file and free again when its holder dies.
// Locks are numbered, and the highest number counts: a dead holder's lock is followed by the next number and never
// deleted first, so two processes that both find it dead can't both take it.
import { randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TallystickError } from "../../kernel/errors.ts";
import { isAlive, processIdentity } from "./process-identity.ts";

const prefix = "postgres.lock.";
const released = "released";
const retryMs = 50;

/** Runs `work` while no other process or call holds the directory's lock. @throws storage_unavailable after `waitMs` */
export async function withDirectoryLock<T>(directory: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + waitMs;
  let lock = tryLock(directory);
  while (lock === undefined) {
    if (Date.now() > deadline) {
      const message = `Another process has been starting Postgres in ${directory} for too long; end it and try again.`;
      throw new TallystickError("storage_unavailable", message);
    }
    await delay(retryMs);
    lock = tryLock(directory);
  }
  try {
    return await work();
  } finally {
    writeWhole(lock, released);
  }
}

function tryLock(directory: string): string | undefined {
  const last = lockNumbers(directory).at(-1);
  if (last !== undefined) {
    const holder = readIfThere(lockFile(directory, last));
    if (holder === undefined || (holder !== released && isAlive(holder))) return undefined;
  }
  const mine = (last ?? 0) + 1;
  if (!createWhole(lockFile(directory, mine), processIdentity(process.pid) ?? String(process.pid))) return undefined;
  // A slow reader may create a number that was passed and removed meanwhile: only the highest is the lock.
  const numbers = lockNumbers(directory);
  if (numbers.at(-1) !== mine) {
    rmSync(lockFile(directory, mine), { force: true });
    return undefined;
  }
  for (const number of numbers.slice(0, -1)) rmSync(lockFile(directory, number), { force: true });
  return lockFile(directory, mine);
}

function lockNumbers(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b);
}

function lockFile(directory: string, number: number): string {
  return path.join(directory, prefix + number);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

// A link appears with its content; a file that is created and then written could be read empty in between.
function createWhole(file: string, content: string): boolean {
  const draft = `${file}-${randomUUID()}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

function writeWhole(file: string, content: string): void {
  const draft = `${file}-${randomUUID()}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}
