// A running application as Stripe and an operator see it: the signed webhook, and the REST API.
import { setTimeout as delay } from "node:timers/promises";
import Stripe from "stripe";
import type { RetoldEvent } from "./retell.ts";

export interface AppAddress {
  readonly url: string;
  readonly webhookSecret: string;
  readonly apiKey: string;
}

export interface Audit {
  readonly ok: boolean;
  readonly accounts: number;
  readonly violations: readonly {
    readonly equation: string;
    readonly userId: string | null;
    readonly detail: string;
  }[];
}

export interface AppClient {
  /** Delivers an event as Stripe does. @throws unless it is answered 200 */
  send(event: RetoldEvent): Promise<void>;
  /** Resolves when none of the events waits any more. @throws when one is dead, or the time is over */
  settled(events: readonly RetoldEvent[]): Promise<void>;
  balance(userId: string): Promise<number>;
  audit(): Promise<Audit>;
}

interface Page {
  readonly items: readonly { readonly eventId?: string; readonly name?: string; readonly lastError?: string | null }[];
  readonly nextCursor: string | null;
}

const pollMs = 100;
const waitMs = 120_000;

export function appClient({ url, webhookSecret, apiKey }: AppAddress): AppClient {
  const { webhooks } = new Stripe("sk_test_unused");

  async function read<Answer>(path: string): Promise<Answer> {
    const response = await fetch(new URL(`/api/v1${path}`, url), { headers: { authorization: `Bearer ${apiKey}` } });
    if (!response.ok) throw new Error(`GET /api/v1${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  async function pageHas(path: string, wanted: (item: Page["items"][number]) => boolean): Promise<boolean> {
    let page = await read<Page>(`${path}&limit=100`);
    while (!page.items.some(wanted)) {
      if (page.nextCursor === null) return false;
      page = await read<Page>(`${path}&limit=100&cursor=${page.nextCursor}`);
    }
    return true;
  }

  return {
    async send({ body }) {
      const signature = await webhooks.generateTestHeaderStringAsync({ payload: body, secret: webhookSecret });
      const response = await fetch(new URL("/api/webhooks/stripe", url), {
        method: "POST",
        body,
        headers: { "content-type": "application/json", "stripe-signature": signature },
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`The webhook answered ${response.status}: ${text}`);
    },
    async settled(events) {
      const ids = new Set(events.map(({ id }) => id));
      const deadline = performance.now() + waitMs;
      const isOurs = ({ eventId = "" }: { eventId?: string }): boolean => ids.has(eventId);
      const isPayment = ({ name }: { name?: string }): boolean => name === "payment-event";
      while (
        (await pageHas("/tasks?status=pending", isPayment)) ||
        (await pageHas("/tasks?status=running", isPayment)) ||
        (await pageHas("/events?status=pending", isOurs))
      ) {
        if (performance.now() > deadline)
          throw new Error(`Events still wait after ${waitMs / 1000} s; see GET /api/v1/tasks?status=pending.`);
        await delay(pollMs);
      }
      if (await pageHas("/events?status=dead", isOurs))
        throw new Error("An event is dead; see GET /api/v1/tasks?status=dead.");
    },
    async balance(userId) {
      const { balance } = await read<{ balance: number }>(`/accounts/${encodeURIComponent(userId)}`);
      return balance;
    },
    audit: async () => read<Audit>("/audit"),
  };
}
