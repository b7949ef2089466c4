// The least that a durable webhook must do: read, verify with the official library, insert, answer.
import pg from "pg";
import Stripe from "stripe";
import { listen } from "./listen.ts";

const [databaseUrl = "", given = ""] = process.argv.slice(2);
const secrets = given.split(",");
const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
const { webhooks } = new Stripe("sk_test_unused");

listen(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const event = await verify(body, String(request.headers["stripe-signature"]));
  await pool.query("insert into bench.event (id, type, payload) values ($1, $2, $3) on conflict (id) do nothing", [
    event.id,
    event.type,
    body.toString(),
  ]);
  response.writeHead(200, { "content-type": "application/json" }).end('{"received":true}');
});

/** With the first of the secrets that fits. */
async function verify(body: Buffer, signature: string, index = 0): Promise<Stripe.Event> {
  try {
    return await webhooks.constructEventAsync(body, signature, secrets[index] ?? "");
  } catch (error) {
    if (index + 1 >= secrets.length) throw error;
    return verify(body, signature, index + 1);
  }
}
