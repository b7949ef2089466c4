// tallystick work: the resident worker as a process of its own, for a service manager to keep.
import { once } from "node:events";
import type { Command } from "./command.ts";
import { requireConfig } from "./require-config.ts";

export const work: Command = {
  name: "work",
  summary: "Run a resident worker until SIGTERM or SIGINT: due tasks, and a tick a minute. Needs tallystick.config.",
  parameters: [],
  options: {},
  prepare() {
    return async ({ tally, configFile }) => {
      requireConfig(configFile, "this process can't handle payment events and deliveries, and would fail them.");
      await tally.health();
      const asked = new AbortController();
      const stop = Promise.race(
        ["SIGTERM", "SIGINT"].map(async (signal) => {
          await once(process, signal, { signal: asked.signal });
          return signal;
        }),
      );
      const worker = tally.run();
      process.stderr.write("working\n");
      const signal = await stop;
      asked.abort();
      // Begun tasks end within the grace; what is left stays due for the next worker.
      await worker.stop();
      return { data: { stopped: signal }, text: `stopped by ${signal}; running tasks were ended` };
    };
  },
};
