// tallystick replay ID
import { UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";

export const replay: Command = {
  name: "replay",
  summary: "Reopen a task by its id, or an event by evt_… or --event; what was granted is not granted again.",
  parameters: ["ID"],
  options: {
    event: { type: "boolean", help: "ID is the id of an event in `tallystick events`." },
    reason: { type: "string", value: "TEXT", help: "Why; kept with the task's attempts." },
  },
  prepare(given) {
    const id = given.parameter("ID");
    const isEvent = given.flag("event") || id.startsWith("evt_");
    if (!isEvent && !/^\d{1,15}$/.test(id)) throw new UsageError("ID must be a task's number or an event's evt_….");
    const reason = given.option("reason");
    return async ({ tally, actor }) => {
      await tally[isEvent ? "events" : "tasks"].replay(id, { actor, ...(reason !== undefined && { reason }) });
      const kind = isEvent ? "event" : "task";
      return { data: { id, kind, status: "pending" }, text: `Reopened ${kind} ${id}; the next drain or tick runs it.` };
    };
  },
};
