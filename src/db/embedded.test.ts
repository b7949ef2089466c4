import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startEmbeddedPostgres } from "./embedded.ts";
import type { EmbeddedPostgres } from "./embedded.ts";
import { readPostmaster } from "./embedded/postmaster-file.ts";

let directory: string;
let open: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "tallystick-embedded-"));
  open = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of open) await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ directory });
  open.push(server);
  return server;
}

// A process of its own that starts or joins, tells what it got, and then waits to be killed or told to stop.
async function startInChild(): Promise<{ child: ChildProcess; started: boolean; connectionString: string }> {
  const script = path.join(directory, "child.mjs");
  const module = path.resolve(import.meta.dirname, "embedded.ts");
  writeFileSync(
    script,
    `import { startEmbeddedPostgres } from ${JSON.stringify(module)};
     const server = await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)} });
     process.send({ started: server.started, connectionString: server.connectionString });
     process.once("message", async () => { await server.stop(); process.disconnect(); });`,
  );
  const child = fork(script, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.push(child);
  const [message] = (await once(child, "message")) as [{ started: boolean; connectionString: string }];
  return { child, ...message };
}

async function query(connectionString: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const serverPid = (): number => readPostmaster(path.join(directory, "postgres"))?.pid ?? 0;

describe("startEmbeddedPostgres", { timeout: 60_000 }, () => {
  test("a fresh server is UTF8, durable, on loopback only, and its secrets are readable by the owner only", async () => {
    const { connectionString, started } = await start();
    expect(started).toBe(true);
    const names = ["server_encoding", "fsync", "listen_addresses", "unix_socket_directories", "max_connections"];
    const settings = names.map((name) => `current_setting('${name}') as ${name}`).join(", ");
    expect(await query(connectionString, `select ${settings}`)).toEqual([
      {
        server_encoding: "UTF8",
        fsync: "on",
        listen_addresses: "127.0.0.1",
        unix_socket_directories: "",
        max_connections: "100",
      },
    ]);
    expect(statSync(path.join(directory, "postgres.password")).mode & 0o777).toBe(0o600);
    expect(new URL(connectionString).port).toBe(readFileSync(path.join(directory, "postgres.port"), "utf8"));
    expect(readdirSync(directory).filter((name) => name.includes("draft"))).toEqual([]);
    const wrong = connectionString.replace(/:[^:@]+@/, ":wrong@");
    await expect(query(wrong, "select 1")).rejects.toThrow(/password authentication failed/);
  });

  test("a second start joins the running server, and only the last to stop ends it", async () => {
    const first = await start();
    const second = await start();
    expect(second).toMatchObject({ started: false, connectionString: first.connectionString });
    await first.stop();
    expect(await query(second.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
    await second.stop();
    await second.stop();
    expect(existsSync(path.join(directory, "postgres", "postmaster.pid"))).toBe(false);
  });

  test("data and port survive a clean stop and start", async () => {
    const first = await start();
    await query(first.connectionString, "create table kept as select 7 as n");
    await first.stop();
    const second = await start();
    expect(second).toMatchObject({ started: true, connectionString: first.connectionString });
    expect(await query(second.connectionString, "select n from kept")).toEqual([{ n: 7 }]);
  });

  test("three processes that start at once on an empty directory end up with one server", async () => {
    const results = await Promise.all([startInChild(), startInChild(), startInChild()]);
    expect(results.filter(({ started }) => started)).toHaveLength(1);
    expect(new Set(results.map(({ connectionString }) => connectionString)).size).toBe(1);
    for (const { child } of results) {
      child.send("stop");
      await once(child, "exit");
    }
    expect(serverPid()).toBe(0);
  });

  test("a server whose starter was killed is joined, keeps its data, and is stopped by the joiner", async () => {
    const { child, connectionString } = await startInChild();
    await query(connectionString, "create table kept as select 7 as n");
    child.kill("SIGKILL");
    await once(child, "exit");
    const joined = await start();
    expect(joined).toMatchObject({ started: false, connectionString });
    expect(await query(connectionString, "select n from kept")).toEqual([{ n: 7 }]);
    await joined.stop();
    expect(serverPid()).toBe(0);
  });

  test("a server that was killed itself is started anew once its backends are gone", async () => {
    const first = await start();
    await query(first.connectionString, "create table kept as select 7 as n");
    const busy = query(first.connectionString, "select pg_sleep(1)").catch(() => undefined);
    process.kill(serverPid(), "SIGKILL");
    const second = await start();
    expect(second.started).toBe(true);
    expect(await query(second.connectionString, "select n from kept")).toEqual([{ n: 7 }]);
    await busy;
  });

  test("a server that is shutting down is waited for and never joined", async () => {
    const first = await start();
    const pid = serverPid();
    const client = new pg.Client({ connectionString: first.connectionString });
    client.on("error", () => undefined);
    await client.connect();
    // Smart shutdown: it lasts until the last session ends, and new ones are refused.
    process.kill(pid, "SIGTERM");
    const starting = start();
    await client.end();
    const second = await starting;
    expect(second.started).toBe(true);
    expect(serverPid()).not.toBe(pid);
  });

  test("a server that does not end by itself is stopped at once, and keeps what was committed", async () => {
    const first = await start();
    await query(first.connectionString, "create table kept as select 1 as one");
    const checkpointer = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
    const [row] = (await query(first.connectionString, checkpointer)) as { pid: number }[];
    process.kill(row?.pid ?? 0, "SIGSTOP");
    await first.stop();
    const second = await start();
    expect(second.started).toBe(true);
    expect(await query(second.connectionString, "select one from kept")).toEqual([{ one: 1 }]);
  });

  test("a stale postmaster.pid with the pid of another program does not stop a start", async () => {
    const first = await start();
    await first.stop();
    const file = path.join(directory, "postgres", "postmaster.pid");
    writeFileSync(file, `${process.pid}\n${path.join(directory, "postgres")}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n`);
    const second = await start();
    expect(second.started).toBe(true);
  });

  test("a port that another program took meanwhile is replaced", async () => {
    const first = await start();
    await first.stop();
    const { createServer } = await import("node:net");
    const intruder = createServer().listen(Number(new URL(first.connectionString).port), "127.0.0.1");
    await once(intruder, "listening");
    const second = await start();
    expect(second.connectionString).not.toBe(first.connectionString);
    expect(await query(second.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
    intruder.close();
  });

  test("a directory that only its owner may enter serves as well", async () => {
    chmodSync(directory, 0o700);
    const { connectionString } = await start();
    expect(await query(connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("a broken data directory fails with the server's own words", async () => {
    const first = await start();
    await first.stop();
    rmSync(path.join(directory, "postgres", "PG_VERSION"));
    await expect(start()).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(/not a valid data directory/),
    });
  });
});
