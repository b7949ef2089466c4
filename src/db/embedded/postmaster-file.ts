// Reads postmaster.pid, in which a running server tells its process, port and state.
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/pidfile.h
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

/** What the server of this data directory says of itself; undefined when no server runs or died uncleanly. */
export function readPostmaster(dataDirectory: string): Postmaster | undefined {
  const lines = readLines(dataDirectory);
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), status: (lines[7] ?? "").trim() };
}

// Above every possible pid: no process has it.
const NO_PROCESS = 2 ** 31 - 1;

/**
 * Lets a new server pass a postmaster.pid whose pid now belongs to another program. The file stays: from its
 * shared memory key the new server sees whether backends of the dead one still write to the data directory.
 */
export function forgetPostmasterProcess(dataDirectory: string): void {
  const lines = readLines(dataDirectory);
  if (lines) writeFileSync(path.join(dataDirectory, "postmaster.pid"), [NO_PROCESS, ...lines.slice(1)].join("\n"));
}

function readLines(dataDirectory: string): string[] | undefined {
  try {
    return readFileSync(path.join(dataDirectory, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
}
