// One data directory: created whole or not at all, started, joined when it already runs, stopped.
// Every function here is called under the directory's lock.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { TallystickError } from "../../kernel/errors.ts";
import type { Binaries } from "./binaries.ts";
import { forgetPostmasterProcess, readPostmaster } from "./postmaster-file.ts";
import { isPostgres } from "./process-identity.ts";
import type { ServerAccount } from "./server-account.ts";

export interface Cluster {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly account: ServerAccount;
  readonly log: (line: string) => void;
}

const pollMs = 25;
const draft = "postgres.draft";

export function dataDirectory({ directory }: Pick<Cluster, "directory">): string {
  return path.join(directory, "postgres");
}

/** Creates the data directory if there is none. It appears by a rename, so a killed start leaves no half of one. */
export async function createCluster(cluster: Cluster): Promise<void> {
  if (existsSync(dataDirectory(cluster))) return;
  cluster.log("creating a Postgres database");
  for (const name of readdirSync(cluster.directory).filter((file) => file.startsWith(draft))) {
    rmSync(path.join(cluster.directory, name), { recursive: true, force: true });
  }
  const draftDirectory = path.join(cluster.directory, draft);
  const draftPassword = path.join(cluster.directory, `${draft}.password`);
  const password = randomBytes(24).toString("base64url");
  mkdirSync(draftDirectory, { mode: 0o700 });
  writeFileSync(draftPassword, password, { mode: 0o600 });
  const { owner } = cluster.account;
  for (const file of owner ? [draftDirectory, draftPassword] : []) chownSync(file, owner?.uid ?? 0, owner?.gid ?? 0);
  await run(cluster, cluster.binaries.initdb, [
    `--pgdata=${draftDirectory}`,
    "--username=postgres",
    `--pwfile=${draftPassword}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    // Sorts and folds the same on every machine, whatever locales it has.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
  ]);
  rmSync(draftPassword);
  writeFileSync(path.join(cluster.directory, "postgres.password"), password, { mode: 0o600 });
  renameSync(draftDirectory, dataDirectory(cluster));
}

/** Joins the healthy server of this directory, waiting for one that starts or stops; undefined: none runs. */
export async function joinServer(cluster: Cluster, deadline: number): Promise<number | undefined> {
  for (;;) {
    const postmaster = readPostmaster(dataDirectory(cluster));
    if (!postmaster) return undefined;
    if (!isPostgres(postmaster.pid)) {
      forgetPostmasterProcess(dataDirectory(cluster));
      return undefined;
    }
    if (postmaster.status === "ready" && (await answers(cluster, postmaster.port))) return postmaster.port;
    if (Date.now() > deadline) {
      const message = `The Postgres server with pid ${postmaster.pid} of ${cluster.directory} does not answer; end it.`;
      throw new TallystickError("storage_unavailable", message);
    }
    await delay(pollMs);
  }
}

/** Starts a server that outlives this process, and answers its port when it takes connections. */
export async function startServer(cluster: Cluster, port: number | undefined, deadline: number): Promise<number> {
  const portFile = path.join(cluster.directory, "postgres.port");
  const stored = existsSync(portFile) ? Number(readFileSync(portFile, "utf8")) : undefined;
  let next = port ?? stored ?? (await freePort());
  for (;;) {
    const failure = await trySpawn(cluster, next, deadline);
    if (failure === undefined) break;
    const portTaken = /could not bind|could not create any TCP\/IP sockets/.test(failure);
    // Backends of a killed server end by themselves, each at its next wait.
    const oldBackends = /pre-existing shared memory block/.test(failure);
    if ((!oldBackends && !(portTaken && port === undefined)) || Date.now() > deadline) {
      throw new TallystickError("storage_unavailable", `Postgres did not start:\n${failure}`);
    }
    if (portTaken) next = await freePort();
    await delay(pollMs);
  }
  writeFileSync(portFile, String(next));
  return next;
}

/**
 * Stops the server in fast mode: sessions are ended, open transactions rolled back. A server that does not end so is
 * stopped at once and recovers at its next start: Postgres 18.4 hears no fast shutdown while it recovers from a crash.
 */
export async function stopServer(cluster: Cluster): Promise<void> {
  const postmaster = readPostmaster(dataDirectory(cluster));
  if (!postmaster || !isPostgres(postmaster.pid)) return;
  const stop = async (mode: string, seconds: number): Promise<void> =>
    run(cluster, cluster.binaries.pg_ctl, ["stop", "-D", dataDirectory(cluster), "-m", mode, "-w", "-t", `${seconds}`]);
  await stop("fast", 15).catch(async () => stop("immediate", 45));
}

export function connectionString(cluster: Cluster, port: number): string {
  const password = readFileSync(path.join(cluster.directory, "postgres.password"), "utf8");
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

async function trySpawn(cluster: Cluster, port: number, deadline: number): Promise<string | undefined> {
  const logFile = path.join(cluster.directory, "postgres.log");
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"];
  const { file, args, options } = cluster.account.command(cluster.binaries.postgres, [
    "-D",
    dataDirectory(cluster),
    ...settings.flatMap((setting) => ["-c", setting]),
  ]);
  const log = openSync(logFile, "w", 0o600);
  // Detached, with a log file instead of a pipe: an interrupt typed at the terminal or the starter's death spare it.
  const child = spawn(file, args, { ...options, cwd: cluster.directory, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let failure: string | undefined;
  const fail = (reason: string): void => {
    failure = `${readFileSync(logFile, "utf8").trim()}\n${reason}`;
  };
  child.once("error", (error) => fail(error.message));
  const onExit = (code: number | null, signal: string | null): void => fail(`(exit ${code ?? signal})`);
  child.once("exit", onExit);
  child.unref();
  for (;;) {
    if (failure !== undefined) return failure;
    const postmaster = readPostmaster(dataDirectory(cluster));
    if (postmaster?.pid === child.pid && postmaster?.status === "ready" && (await answers(cluster, port))) {
      // Its later end is no failure to start, and may come when the directory with the log is gone.
      child.off("exit", onExit);
      return undefined;
    }
    if (Date.now() > deadline) {
      child.kill("SIGQUIT");
      return "it took too long";
    }
    await delay(pollMs);
  }
}

async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: connectionString(cluster, port), connectionTimeoutMillis: 2000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

async function run(cluster: Cluster, command: string, commandArgs: readonly string[]): Promise<void> {
  const { file, args, options } = cluster.account.command(command, commandArgs);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, { ...options, cwd: cluster.directory, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", reject);
    child.once("close", (code) => {
      const message = `${path.basename(command)} failed (exit ${code}):\n${output.trim()}`;
      if (code === 0) resolve();
      else reject(new TallystickError("storage_unavailable", message));
    });
  });
}
