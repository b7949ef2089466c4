// The drivers of the suite, each on a service at an address, for the tests' process and for those that they kill.
import { createPostgresBackend } from "bullmq";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { inngest } from "../../src/drivers/inngest.ts";
import { cloudflareQueue, type QueueProducer } from "../../src/drivers/cloudflare.ts";
import { pgBoss } from "../../src/drivers/pg-boss.ts";
import { qstash } from "../../src/drivers/qstash.ts";
import { trigger } from "../../src/drivers/trigger.ts";
import type { Driver } from "../../src/index.ts";
import { inngestKeys } from "./inngest-protocol.ts";
import { qstashKeys } from "./qstash-service.ts";

export type DriverKind =
  | "inline"
  | "bullmq-redis"
  | "bullmq-postgres"
  | "pg-boss"
  | "pg-boss-notify"
  | "inngest"
  | "qstash"
  | "cloudflare-queues"
  | "trigger";

/** The key that the stand-in of Trigger.dev takes. */
export const TRIGGER_KEY = "tr_dev_of_the_tests";

const settings = { timeoutMs: 1_000, idleMs: 1_000 };

export function driverOf(kind: DriverKind, url: string, tickEveryMs: number): Driver | undefined {
  switch (kind) {
    case "inline":
      return undefined;
    case "bullmq-redis":
      return bullmq({ connection: { url }, tickEveryMs, ...settings });
    case "bullmq-postgres":
      return bullmq({
        connection: { connectionString: url },
        backend: createPostgresBackend,
        tickEveryMs,
        ...settings,
      });
    case "pg-boss":
    case "pg-boss-notify":
      return pgBoss({
        connection: { connectionString: url },
        tickEveryMs,
        idleMs: 500,
        useListenNotify: kind === "pg-boss-notify",
      });
    case "inngest":
      return inngest({ ...inngestKeys, baseUrl: url, timeoutMs: settings.timeoutMs });
    case "qstash":
      // The address that is signed; the service delivers to whoever hosts now.
      return qstash({ ...qstashKeys, url: "https://product.example/api/driver", baseUrl: url, timeoutMs: 1_000 });
    case "cloudflare-queues":
      return cloudflareQueue({ queue: queueOf(url) });
    case "trigger":
      return trigger({ accessToken: TRIGGER_KEY, baseURL: url, timeoutMs: 1_000 });
  }
}

/** The producer binding of the suite's Worker. */
function queueOf(url: string): QueueProducer {
  return {
    async sendBatch(messages) {
      const response = await fetch(url, { method: "POST", body: JSON.stringify([...messages]) });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}
