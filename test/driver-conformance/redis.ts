// A Redis server of Debian's package, on a port and a directory of its own.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Redis } from "ioredis";

const isThere = spawnSync("redis-server", ["--version"]).status === 0;

/** What to do about a server that is not there; undefined: it is. In CI it must be: a test that can't run fails. */
export const missingRedis =
  isThere || process.env["CI"] !== undefined ? undefined : "needs redis-server: apt-get install redis-server";

export interface RedisServer {
  readonly url: string;
  lose(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  end(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-redis-"));
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
    server = spawn("redis-server", [...options, "--save", "", "--appendonly", "yes"], { stdio: "ignore" });
    const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on("error", () => undefined);
    await client.ping();
    client.disconnect();
  }

  async function stop(): Promise<void> {
    const stopping = server;
    server = undefined;
    if (stopping === undefined || stopping.exitCode !== null) return;
    stopping.kill("SIGKILL");
    await once(stopping, "exit");
  }

  await start();
  return {
    url,
    start,
    stop,
    async lose() {
      const client = new Redis(url);
      await client.flushall();
      client.disconnect();
    },
    async end() {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
