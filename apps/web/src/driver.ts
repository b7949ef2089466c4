// What wakes the tasks, by TALLYSTICK_DRIVER. Each driver loads its service's library only when it is the one in use.
import type { Driver } from "tallystick";
import { bullmq } from "tallystick/bullmq";
import type { Environment } from "./env.ts";

export function driver(settings: Environment): Driver | undefined {
  switch (settings.TALLYSTICK_DRIVER) {
    case "inline":
      return undefined;
    case "bullmq":
      return bullmq({ connection: { url: settings.REDIS_URL ?? "" } });
  }
}
