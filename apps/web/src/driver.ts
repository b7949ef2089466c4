// What wakes the tasks, by TALLYSTICK_DRIVER. Each driver loads its service's library only when it is the one in use.
import type { Driver } from "tallystick";
import { bullmq } from "tallystick/bullmq";
import { inngest } from "tallystick/inngest";
import { qstash } from "tallystick/qstash";
import { trigger } from "tallystick/trigger";
import type { Environment } from "./env.ts";

export function driver(settings: Environment): Driver | undefined {
  switch (settings.TALLYSTICK_DRIVER) {
    case "inline":
      return undefined;
    case "bullmq":
      return bullmq({ connection: { url: given(settings.REDIS_URL) } });
    case "inngest":
      return inngest({
        eventKey: settings.INNGEST_EVENT_KEY,
        signingKey: settings.INNGEST_SIGNING_KEY,
        url: publicUrl(settings),
      });
    case "qstash":
      return qstash({
        token: given(settings.QSTASH_TOKEN),
        currentSigningKey: given(settings.QSTASH_CURRENT_SIGNING_KEY),
        nextSigningKey: given(settings.QSTASH_NEXT_SIGNING_KEY),
        url: publicUrl(settings),
      });
    case "trigger":
      return trigger({ accessToken: given(settings.TRIGGER_SECRET_KEY) });
  }
}

function publicUrl(settings: Environment): string {
  return new URL("/api/driver", given(settings.BETTER_AUTH_URL)).href;
}

// The environment was checked for what each driver needs.
function given(value: string | undefined): string {
  return value ?? "";
}
