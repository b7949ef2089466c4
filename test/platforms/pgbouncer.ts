// PgBouncer of Debian's package in transaction mode, before the tests' Postgres.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { vi } from "vitest";
import { freePort } from "../../apps/web/test/running-app.ts";

const isThere = spawnSync("pgbouncer", ["--version"]).status === 0;

/** What to do about a pooler that is not there; undefined: it is. In CI it must be: a test that can't run fails. */
export const missingPgBouncer =
  isThere || process.env["CI"] !== undefined ? undefined : "needs pgbouncer: apt-get install pgbouncer";

export interface PgBouncer {
  /** The same database, through the pooler. */
  through(databaseUrl: string): string;
  /** A statement of its console. */
  command(statement: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startPgBouncer(serverUrl: string, poolSize: number): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(serverUrl);
  const port = await freePort();
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-pgbouncer-"));
  const file = path.join(directory, "pgbouncer.ini");
  const target = `host=${hostname} port=${serverPort} user=${username} password=${decodeURIComponent(password)}`;
  await writeFile(
    file,
    `[databases]
* = ${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = console
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
`,
  );
  // It refuses to run as root, and reads its file as whom it becomes.
  await chmod(directory, 0o755);
  const asUser = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const server = spawn("pgbouncer", ["--quiet", ...asUser, file], { stdio: "ignore" });
  const ended = once(server, "exit");

  async function command(statement: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(`postgres://console@127.0.0.1:${port}/pgbouncer`);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  await vi.waitFor(async () => command("show version"), { timeout: 10_000 });
  return {
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      return url.href;
    },
    command,
    async stop() {
      server.kill("SIGTERM");
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
