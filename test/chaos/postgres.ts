// A Postgres of the run's own that can be stopped as a power cut would: at once, with recovery at the next start.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/db/embedded.ts";

export interface CrashingPostgres extends AsyncDisposable {
  readonly connectionString: string;
  readonly restarts: number;
  /** Immediate shutdown, then a start on the same port; resolves when it takes sessions again. */
  restart(pauseMs: number): Promise<void>;
}

const POLL_MS = 20;

export async function startCrashingPostgres(directory: string): Promise<CrashingPostgres> {
  const first = await startEmbeddedPostgres({ directory });
  const held: EmbeddedPostgres[] = [first];
  let restarts = 0;
  return {
    connectionString: first.connectionString,
    get restarts() {
      return restarts;
    },
    async restart(pauseMs) {
      await stopAtOnce(directory);
      await delay(pauseMs);
      const again = await startEmbeddedPostgres({ directory });
      held.push(again);
      restarts += 1;
      if (again.connectionString !== first.connectionString) throw new Error("Postgres came back on another port.");
    },
    async [Symbol.asyncDispose]() {
      for (const server of held) await server.stop();
    },
  };
}

/** The server's process; undefined when none runs. */
export function postmasterOf(directory: string): number | undefined {
  const file = path.join(directory, "postgres", "postmaster.pid");
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : Number.NaN;
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/** pg_ctl's immediate mode: backends end without a checkpoint and without a word to their clients. */
export async function stopAtOnce(directory: string): Promise<void> {
  const pid = postmasterOf(directory);
  if (pid === undefined) return;
  signal(pid, "SIGQUIT");
  while (signal(pid, 0)) await delay(POLL_MS);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
