// Checks of outgoing events: what waits for hooks, and endpoints that get nothing.
import { outboxHealth } from "../../credits/outbox-health.ts";
import type { Engine } from "../../engine.ts";
import type { Database } from "../../db/database.ts";
import { count } from "../table.ts";
import { duration, ok, warn, type Finding } from "./finding.ts";

const WAIT_WARN_MS = 3_600_000;

export async function checkEvents(database: Database, { endpoints }: Pick<Engine, "endpoints">): Promise<Finding[]> {
  const { waiting, oldestMs, lastError } = await outboxHealth(database);
  const disabled = (await endpoints.list()).filter(({ status }) => status === "disabled");
  return [
    oldestMs === null || oldestMs < WAIT_WARN_MS
      ? ok("outbox", waiting === 0 ? "nothing waits" : `the oldest entry has waited ${duration(oldestMs ?? 0)}`)
      : warn(
          "outbox",
          `the oldest entry has waited ${duration(oldestMs)}${lastError === null ? "" : `; a hook said: ${lastError}`}`,
          "Mend the hook of its event, or let a process that has it drain or tick.",
        ),
    disabled.length === 0
      ? ok("endpoints", "none is disabled")
      : warn(
          "endpoints",
          `${count(disabled.length, "endpoint")} disabled: ${disabled.map(({ id }) => id).join(", ")}`,
          "Mend it, then `tallystick endpoints enable ID` and `endpoints replay ID --since TIME`; or remove it.",
        ),
  ];
}
