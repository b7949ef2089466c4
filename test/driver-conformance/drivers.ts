// The drivers of the suite, each on a service at an address, for the tests' process and for those that they kill.
import { createPostgresBackend } from "bullmq";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { inngest } from "../../src/drivers/inngest.ts";
import type { Driver } from "../../src/index.ts";
import { inngestKeys } from "./inngest-protocol.ts";

export type DriverKind = "inline" | "bullmq-redis" | "bullmq-postgres" | "inngest";

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
    case "inngest":
      return inngest({ ...inngestKeys, baseUrl: url, timeoutMs: settings.timeoutMs });
  }
}
