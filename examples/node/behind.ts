// What goes on behind the answers: begun once a response has gone out, waited for when the server stops.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { logger } from "./logger.ts";

export interface Behind {
  /** Runs `work` when the response has been sent, or its client has gone. */
  add(response: ServerResponse, work: () => Promise<unknown>): void;
  /** Resolves when all of it has ended. */
  ended(): Promise<void>;
}

export function createBehind(): Behind {
  const going = new Set<Promise<void>>();

  async function run(response: ServerResponse, work: () => Promise<unknown>): Promise<void> {
    try {
      await once(response, "close");
      await work();
    } catch (error) {
      // The rows keep the work: the next wake, worker or tick does it.
      logger.error({ error: error instanceof Error ? error.message : String(error) }, "a wake failed");
    }
  }

  return {
    add(response, work) {
      const one = run(response, work).finally(() => going.delete(one));
      going.add(one);
    },
    async ended() {
      await Promise.all(going);
    },
  };
}
