// Acknowledging a webhook: the library's handler beside a bare server that verifies the signature with the official
// library and inserts one row. Each in a process of its own on Node's HTTP server; the load comes from this process.
import Stripe from "stripe";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { readRecording } from "../test/scenarios/read-recording.ts";
import { query } from "./database.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";
import { createSender } from "./webhook/sender.ts";
import { startServer, type RunningServer } from "./webhook/start-server.ts";

const secret = "whsec_bench";
const concurrency = 16;
const rounds = 7;
const operations = 1500;
// Renewals come from customers that are known.
const customers = 2000;

export async function benchWebhook(databaseUrl: string): Promise<void> {
  const tally = createTallystick({ database: databaseUrl, catalog: defineCatalog({}) });
  await tally.migrate();
  await tally.close();
  await query(
    databaseUrl,
    `create schema if not exists bench;
     create table bench.event (id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`,
  );
  const servers = [
    await startServer("floor: verify, insert one row", "floor-server.ts", databaseUrl, secret),
    await startServer("tallystick: verify, store event and task", "tallystick-server.ts", databaseUrl, secret),
  ];
  try {
    await compare(servers);
  } finally {
    await Promise.all(servers.map(async (server) => server.stop()));
  }
}

interface Signed {
  readonly body: string;
  readonly signature: string;
}

async function compare(servers: readonly RunningServer[]): Promise<void> {
  const { webhooks } = new Stripe("sk_test_unused");
  const template = recordedInvoicePaid();
  const signed = new Map<number, Signed>();
  // Signed before the turn begins: what is measured is the answer.
  async function prepare(_contender: Contender, first: number): Promise<void> {
    signed.clear();
    for (let index = first; index < first + operations; index += 1) {
      const body = template.replace("evt_BENCH", `evt_${index}`).replace("cus_BENCH", `cus_${index % customers}`);
      signed.set(index, { body, signature: await webhooks.generateTestHeaderStringAsync({ payload: body, secret }) });
    }
  }
  const contenders = servers.map(({ name, port }): Contender => {
    const send = createSender(port, concurrency);
    return {
      name,
      async run(index) {
        const request = signed.get(index);
        if (request !== undefined) await send(request.body, request.signature);
      },
    };
  });
  const size = Math.round(Buffer.byteLength(template) / 1024);
  report(
    `webhook acknowledgement, invoice.paid of ${size} kB, ${concurrency} connections kept alive`,
    await measure(contenders, { rounds, operations, concurrency, prepare }),
  );
}

/** A recorded event whose id and customer are to be made unique. */
function recordedInvoicePaid(): string {
  const events = readRecording({ sources: [{ list: "zulip-2025-11-17.clover/upgrade_by_card" }] });
  const event = events.find(({ type }) => type === "invoice.paid");
  if (event === undefined) throw new Error("the recording has no invoice.paid");
  const object = { ...event.data.object, customer: "cus_BENCH" };
  return JSON.stringify({ ...event, id: "evt_BENCH", data: { object } });
}
