// The least that a durable webhook must do: read, verify with the official library, insert, answer.
import pg from "pg";
import Stripe from "stripe";
import { listen } from "./listen.ts";

const [databaseUrl = "", secret = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
const { webhooks } = new Stripe("sk_test_unused");

listen(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const event = await webhooks.constructEventAsync(body, String(request.headers["stripe-signature"]), secret);
  await pool.query("insert into bench.event (id, type, payload) values ($1, $2, $3) on conflict (id) do nothing", [
    event.id,
    event.type,
    body.toString(),
  ]);
  response.writeHead(200, { "content-type": "application/json" }).end('{"received":true}');
});
