// A burst of renewals on the webhook: the library's handler with its resident worker beside a bare server that verifies
// and inserts one row, at the same offered rate in the same run, each in a process of its own; then what both sustain, how
// long the backlog takes, and how long until credits can be seen. BENCH_SECONDS shortens each part.
import pg from "pg";
import { table } from "../src/cli/table.ts";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { query } from "./database.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";
import { createSigner, mixed, renewal, type SignedEvent } from "./webhook/events.ts";
import { openLoop } from "./webhook/open-loop.ts";
import { createSender } from "./webhook/sender.ts";
import { startServer, type RunningServer } from "./webhook/start-server.ts";
import { watchCredits } from "./webhook/watch-credits.ts";

const secrets = ["whsec_bench_one", "whsec_bench_two", "whsec_bench_three"];
const seconds = Number(process.env["BENCH_SECONDS"] ?? 60);
const offered = 500;
const offeredWhileWatched = 250;
const watchedPart = 20;
const clients = 32;
const rounds = 5;
const operations = Math.max(200, Math.min(2000, Math.round(seconds * 35)));
// An open loop may have many requests under way when a server stalls.
const openConnections = 512;
const sign = createSigner(secrets);
/** Ids of events that no other part of the run has. */
let first = 0;

export async function benchWebhooks(databaseUrl: string): Promise<void> {
  const tally = createTallystick({ database: databaseUrl, catalog: defineCatalog({}) });
  await tally.migrate();
  await query(
    databaseUrl,
    `create schema if not exists bench;
     create table bench.event (id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`,
  );
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const servers = [
    await startServer("floor: verify, insert one row", "floor-server.ts", databaseUrl, secrets.join(",")),
    await startServer("tallystick: handler and resident worker", "resident-server.ts", databaseUrl, secrets.join(",")),
  ];
  try {
    await acknowledge(servers, pool);
    await sustain(servers, pool);
    for (const server of servers.slice(1)) await untilVisible(server, pool);
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await Promise.all(servers.map(async (server) => server.stop()));
    await pool.end();
    await tally.close();
  }
}

async function acknowledge(servers: readonly RunningServer[], pool: pg.Pool): Promise<void> {
  const rows = [];
  for (const server of servers) {
    const send = createSender(server.port, openConnections);
    const from = first;
    first += offered * seconds;
    const before = await server.memory();
    const result = await openLoop({
      perSecond: offered,
      seconds,
      async send(index) {
        const event = sign(mixed(from + index), index);
        await send(event.body, event.signature);
      },
    });
    const waiting = await backlog(pool);
    const began = performance.now();
    await untilDrained(pool);
    const drained = (performance.now() - began) / 1000;
    rows.push([
      server.name,
      Math.round(result.answeredPerSecond),
      result.failed,
      result.p50Ms.toFixed(2),
      result.p99Ms.toFixed(2),
      waiting,
      drained.toFixed(1),
      `${megabytes(before)} → ${megabytes(await server.memory())}`,
    ]);
  }
  const columns = ["", "answered per second", "failed", "p50 ms", "p99 ms", "tasks left", "drained in s", "memory MB"];
  console.log(`\nwebhooks offered at ${offered} a second for ${seconds} s (open loop)\n${table(columns, rows, "")}`);
}

async function sustain(servers: readonly RunningServer[], pool: pg.Pool): Promise<void> {
  const signed = new Map<number, SignedEvent>();
  const base = first;
  first += servers.length * (rounds + 1) * operations;
  const contenders = servers.map(({ name, port }): Contender => {
    const send = createSender(port, clients);
    return {
      name,
      async run(index) {
        const event = signed.get(index);
        if (event !== undefined) await send(event.body, event.signature);
      },
    };
  });
  const measured = await measure(contenders, {
    rounds,
    operations,
    concurrency: clients,
    async prepare(_contender, from) {
      // One contender's backlog is not to be worked off in the other's turn.
      await untilDrained(pool);
      signed.clear();
      for (let index = from; index < from + operations; index += 1) {
        signed.set(index, sign(mixed(base + index), index));
      }
    },
  });
  report(`webhooks as fast as they are answered (closed loop, ${clients} clients)`, measured);
  await untilDrained(pool);
}

async function untilVisible({ name, port }: RunningServer, pool: pg.Pool): Promise<void> {
  const send = createSender(port, openConnections);
  const from = first;
  first += offeredWhileWatched * seconds;
  const watch = watchCredits(pool);
  const { failed } = await openLoop({
    perSecond: offeredWhileWatched,
    seconds,
    async send(index) {
      // Each event is another user's, so that its credits can be told apart.
      const userId = `seen-${index}`;
      const event = sign(renewal(from + index, userId), index);
      // A part of them: who looks for all loads the database that is measured.
      if (index % watchedPart === 0) watch.expect(userId);
      await send(event.body, event.signature);
    },
  });
  const { seen, missing, p50Ms, p99Ms } = await watch.finish();
  console.log(
    `\nfrom sending an event to its credits being seen, ${offeredWhileWatched} a second for ${seconds} s, one in ${watchedPart} watched\n${table(
      ["", "seen", "missing", "failed", "p50 ms", "p99 ms"],
      [[name, seen, missing, failed, p50Ms.toFixed(1), p99Ms.toFixed(1)]],
      "",
    )}`,
  );
}

async function backlog(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "select count(*)::integer as count from tallystick.task where status in ('pending', 'running') and attempts < 2",
  );
  return rows[0]?.count ?? 0;
}

async function untilDrained(pool: pg.Pool): Promise<void> {
  while ((await backlog(pool)) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
