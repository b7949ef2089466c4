// Delivers the outbox: takes what is due under a lease, posts it signed, and tries again with growing pauses until the
// endpoint answers 2xx. A redirect is a failure. What a dead sandbox held is taken again when its lease is over.
import type { Database } from "../../../../db/database.ts";
import { redact } from "../../../../kernel/logger.ts";
import type { WebhookEndpoint } from "../store/billing-document.ts";
import { findObject } from "../store/objects.ts";
import { renderEvent, type EventRow } from "./event.ts";
import { signatureHeader } from "./sign.ts";

const CONCURRENCY = 8;
const DELIVERY_TIMEOUT_MS = 10_000;
const LEASE_MS = 20_000;
// 1 s, 2 s, 4 s … 1 h; the last try is three days after the first, as for Stripe's live mode.
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;
const MAX_ATTEMPTS = 84;

export interface Courier {
  /** Delivers what is due now; answers how many were tried. */
  deliverDue(signal: AbortSignal): Promise<number>;
  /** Milliseconds until the next delivery is due; null: there is none. */
  nextDueMs(): Promise<number | null>;
}

interface Taken {
  readonly id: number;
  readonly event_id: string;
  readonly endpoint_id: string;
  readonly attempts: number;
}

export function createCourier(database: Database, accountVersion: string): Courier {
  return {
    async deliverDue(signal) {
      const taken = await take(database);
      await Promise.all(taken.map(async (delivery) => deliver(database, delivery, { accountVersion, signal })));
      return taken.length;
    },
    async nextDueMs() {
      const [row] = await database.query<{ ms: number | null }>(
        `select ceil(extract(epoch from min(greatest(due_at, coalesce(leased_until, due_at))) - clock_timestamp()) * 1000)::bigint as ms
         from tallystick_sandbox.delivery where status = 'pending'`,
      );
      return row?.ms ?? null;
    },
  };
}

async function take(database: Database): Promise<Taken[]> {
  const rows = await database.query<Taken>(
    `update tallystick_sandbox.delivery
     set attempts = attempts + 1, leased_until = clock_timestamp() + $1 * interval '1 ms'
     where id in (
       select id from tallystick_sandbox.delivery
       where status = 'pending' and due_at <= clock_timestamp()
         and (leased_until is null or leased_until <= clock_timestamp())
       order by due_at, id limit $2 for update skip locked)
     returning id, event_id, endpoint_id, attempts`,
    [LEASE_MS, CONCURRENCY],
  );
  return rows.toSorted((a, b) => a.id - b.id);
}

interface Delivering {
  readonly accountVersion: string;
  readonly signal: AbortSignal;
}

async function deliver(database: Database, delivery: Taken, context: Delivering): Promise<void> {
  const endpoint = await findObject(database, "webhook_endpoint", delivery.endpoint_id);
  const [event] = await database.query<EventRow & { pending: number }>(
    `select event.*, (select count(*)::int from tallystick_sandbox.delivery
       where event_id = event.id and status = 'pending') as pending
     from tallystick_sandbox.event where id = $1`,
    [delivery.event_id],
  );
  if (endpoint === null || event === undefined || endpoint.status === "disabled") {
    await settle(database, delivery, { status: "failed", result: "the endpoint is gone or disabled" });
    return;
  }
  const rendered = renderEvent(event, endpoint.api_version ?? context.accountVersion, event.pending);
  const result = await post(endpoint, JSON.stringify(rendered, null, 2), context.signal);
  // Stopped in the middle: nobody knows whether it arrived, so it is delivered again.
  if (result === "stopped") await release(database, delivery);
  else if (result === "delivered") await settle(database, delivery, { status: "delivered", result });
  else if (delivery.attempts >= MAX_ATTEMPTS) await settle(database, delivery, { status: "failed", result });
  else await putOff(database, delivery, result);
}

/** `delivered`, `stopped`, or why not. */
async function post(endpoint: WebhookEndpoint, body: string, stop: AbortSignal): Promise<string> {
  try {
    const response = await fetch(endpoint.url, {
      method: "POST",
      redirect: "manual",
      body,
      headers: {
        "cache-control": "no-cache",
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": signatureHeader(endpoint, body, Date.now()),
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      },
      signal: AbortSignal.any([stop, AbortSignal.timeout(DELIVERY_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.ok ? "delivered" : `answered ${response.status}`;
  } catch (error) {
    if (stop.aborted) return "stopped";
    return redact(error instanceof Error ? error.message : String(error));
  }
}

async function settle(
  database: Database,
  { id }: Taken,
  { status, result }: { status: "delivered" | "failed"; result: string },
): Promise<void> {
  await database.query(
    "update tallystick_sandbox.delivery set status = $2, last_result = $3, leased_until = null where id = $1",
    [id, status, result],
  );
}

async function release(database: Database, { id }: Taken): Promise<void> {
  await database.query("update tallystick_sandbox.delivery set leased_until = null where id = $1", [id]);
}

async function putOff(database: Database, { id, attempts }: Taken, result: string): Promise<void> {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  await database.query(
    `update tallystick_sandbox.delivery
     set due_at = clock_timestamp() + $2 * interval '1 ms', last_result = $3, leased_until = null where id = $1`,
    [id, pauseMs, result],
  );
}
