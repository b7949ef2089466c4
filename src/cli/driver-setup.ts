// tallystick driver setup
import type { Command } from "./command.ts";
import { requireConfig } from "./require-config.ts";

export const driverSetup: Command = {
  name: "driver setup",
  summary: "Make what the driver's service needs, such as its schedule of ticks; safe to run again.",
  parameters: [],
  options: {},
  prepare() {
    return async ({ tally, configFile }) => {
      requireConfig(configFile, "no driver is known.");
      const made = await tally.setUpDriver();
      return { data: { made }, text: made.length === 0 ? "The driver needs nothing." : made.join("\n") };
    };
  },
};
