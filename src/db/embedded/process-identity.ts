// Who a process is, so that a pid that was given to another process later is not mistaken for the one meant.
import { readFileSync } from "node:fs";

/** A name for a live process that no later process gets; undefined when none (or only a zombie) has this pid. */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== "linux") return signalReaches(pid) ? String(pid) : undefined;
  try {
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name in parentheses may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTime] = [fields[0], fields[19]];
    return state === "Z" || state === "X" ? undefined : `${pid}:${startTime}`;
  } catch {
    return undefined;
  }
}

/** Tells whether the process that once had this identity still lives. */
export function isAlive(identity: string): boolean {
  const pid = Number.parseInt(identity, 10);
  return pid > 0 && processIdentity(pid) === identity;
}

/** Tells whether the process is a Postgres server; where that can't be seen, a live process is taken for one. */
export function isPostgres(pid: number): boolean {
  if (processIdentity(pid) === undefined) return false;
  if (process.platform !== "linux") return true;
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "postgres";
  } catch {
    return false;
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
