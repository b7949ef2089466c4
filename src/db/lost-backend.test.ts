// A backend that is killed in the moment in which the pool hands its client on: what Postgres says last stands in one packet
// with the answer before it, reaches a client that nobody has got yet, and must not end the process.
import { createServer, connect as connectSocket, type AddressInfo } from "node:net";
import { once } from "node:events";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "./database.ts";

/** Passes everything on; while it holds, what the server says is kept until the server has ended, and said in one packet. */
async function startProxy(target: string) {
  const { hostname, port } = new URL(target);
  let holds = false;
  let heard = Promise.withResolvers<undefined>();
  const server = createServer((client) => {
    const upstream = connectSocket(Number(port), hostname);
    const kept: Buffer[] = [];
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk) => {
      if (!holds) return void client.write(chunk);
      kept.push(chunk);
      heard.resolve(undefined);
    });
    upstream.on("end", () => client.end(Buffer.concat(kept)));
    client.on("close", () => upstream.destroy());
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    /** Answers when the server has said something that is kept. */
    async hold(): Promise<void> {
      heard = Promise.withResolvers();
      holds = true;
      await heard.promise;
    },
    letGo(): void {
      holds = false;
    },
  };
}

it.each<[string, (url: string) => { database: Database; close: () => Promise<void> }]>([
  [
    "a connection string",
    (url) => {
      const database = connect(url, { poolSize: 1 });
      return { database, close: async () => database.close() };
    },
  ],
  [
    "a pg pool",
    (url) => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      return { database: connect(pool), close: async () => pool.end() };
    },
  ],
])("is outlived by a process with %s", async (_, open) => {
  const url = await createTestDatabase();
  const proxy = await startProxy(url);
  const { database, close } = open(proxy.url);
  onTestFinished(close);
  const [row] = await database.query<{ pid: number }>("select pg_backend_pid() as pid");
  const kept = proxy.hold();
  const first = database.query("select 1 as one");
  // Waits for the client of the first, which is handed on when its answer is read.
  const second = database.transaction(async (tx) => tx.query("select 1"));
  // It fails before it is awaited below.
  second.catch(() => undefined);
  await kept;
  const other = new pg.Client(url);
  await other.connect();
  await other.query("select pg_terminate_backend($1)", [row?.pid]);
  await other.end();
  expect(await first).toEqual([{ one: 1 }]);
  proxy.letGo();
  await expect(second).rejects.toMatchObject({ code: "storage_unavailable" });
  // Works on, with another backend: an error that nobody listened to would have failed the whole run.
  const [next] = await database.query<{ pid: number }>("select pg_backend_pid() as pid");
  expect(next?.pid).not.toBe(row?.pid);
});
