// Checks of the driver: which one, whether it answers, and wakes that never came.
import type { Database } from "../../db/database.ts";
import { redact } from "../../kernel/logger.ts";
import { wakeHealth } from "../../tasks/health.ts";
import type { Driver } from "../../tasks/wake.ts";
import { count } from "../table.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

export async function checkDriver(database: Database, driver: Driver | undefined): Promise<Finding[]> {
  if (driver === undefined) return [ok("driver", "inline: due tasks run behind requests, in workers and by the tick")];
  const reached = await driver.check().then(
    () => ok("driver", `${driver.name}, and it answers`),
    (error: unknown) =>
      fail(
        "driver",
        `${driver.name} does not answer: ${redact(error instanceof Error ? error.message : String(error))}`,
        "Mend its connection. Until then the tick runs what is due.",
      ),
  );
  return [reached, await checkWakes(database)];
}

async function checkWakes(database: Database): Promise<Finding> {
  const { unwoken, unanswered } = await wakeHealth(database);
  if (unanswered > 0) {
    return warn(
      "wakes",
      `${count(unanswered, "due task")} woken over a minute ago, and not begun`,
      "See that a worker takes the driver's wakes: `tallystick work`, or `tally.run()`.",
    );
  }
  return unwoken > 0
    ? warn(
        "wakes",
        `${count(unwoken, "due task")} not woken yet`,
        "Call tally.wake() behind what enqueues, or let the tick.",
      )
    : ok("wakes", "none is missing");
}
