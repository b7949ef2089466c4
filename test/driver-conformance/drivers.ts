// The drivers of the suite, each on a service at an address, for the tests' process and for those that they kill.
import { createPostgresBackend } from "bullmq";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { trigger } from "../../src/drivers/trigger.ts";
import type { Driver } from "../../src/index.ts";

export type DriverKind = "inline" | "bullmq-redis" | "bullmq-postgres" | "trigger";

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
    case "trigger":
      return trigger({ accessToken: TRIGGER_KEY, baseURL: url, timeoutMs: 1_000 });
  }
}
