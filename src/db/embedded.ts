// Development Postgres: real binaries from npm, one server for all processes that work on one directory.
// Data, password, port and log lie in that directory; the server listens on loopback only and keeps fsync on.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { findBinaries } from "./embedded/binaries.ts";
import { connectionString, createCluster, joinServer, startServer, stopServer } from "./embedded/cluster.ts";
import type { Cluster } from "./embedded/cluster.ts";
import { withDirectoryLock } from "./embedded/directory-lock.ts";
import { countParticipants, joinParticipants } from "./embedded/participants.ts";
import { chooseServerAccount } from "./embedded/server-account.ts";

export interface EmbeddedPostgresOptions {
  /** Where everything is kept; the data lies in `<directory>/postgres`. */
  directory: string;
  /** A fixed port for a server that has to be started; a free one is chosen and kept otherwise. */
  port?: number;
  /** Receives a line for each step that takes time. */
  log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  readonly connectionString: string;
  /** False when a server of this directory ran already and was joined. */
  readonly started: boolean;
  /** Leaves the server; the last live process to leave stops it (fast mode). Calling it again does nothing. */
  stop(): Promise<void>;
}

const waitMs = 60_000;

/**
 * Starts the directory's Postgres, or joins it if it runs. Safe to call from several processes at once: one creates
 * the database and one starts it. A server that was left behind by a killed process is joined when it is healthy; one
 * that is shutting down is waited for and started anew. As root the server runs as the system account `postgres`.
 * @throws storage_unavailable with the server's own words when it can't be started
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = path.resolve(options.directory);
  const log = options.log ?? ((): void => undefined);
  const binaries = await findBinaries();
  mkdirSync(directory, { recursive: true });
  const cluster: Cluster = {
    directory,
    binaries,
    account: chooseServerAccount(binaries.postgres, directory, log),
    log,
  };
  return withDirectoryLock(directory, 2 * waitMs, async () => {
    await createCluster(cluster);
    const deadline = Date.now() + waitMs;
    const joined = await joinServer(cluster, deadline);
    const port = joined ?? (await startServer(cluster, options.port, deadline));
    const leave = joinParticipants(directory);
    let stopped: Promise<void> | undefined;
    return {
      connectionString: connectionString(cluster, port),
      started: joined === undefined,
      stop: async () => (stopped ??= stopAsLast(cluster, leave)),
    };
  });
}

async function stopAsLast(cluster: Cluster, leave: () => void): Promise<void> {
  await withDirectoryLock(cluster.directory, 2 * waitMs, async () => {
    leave();
    if (countParticipants(cluster.directory) === 0) await stopServer(cluster);
  });
}
