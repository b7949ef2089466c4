// One process at a time, by a file that names the one whose turn it is.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const LOOK_AGAIN_MS = 200;

/** Does the work once no other process does its own under this file. A process that died in its turn holds nobody up. */
export async function alone(file: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!take(file)) await delay(LOOK_AGAIN_MS, undefined, { signal });
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (isDead(holderOf(file))) rmSync(file, { force: true });
    return false;
  }
}

/** NaN while the file is being written, or where it has just gone. */
function holderOf(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10);
  } catch {
    return Number.NaN;
  }
}

function isDead(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
