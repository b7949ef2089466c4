// tallystick events
import { readChoice, readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { pageOptions } from "./page-options.ts";
import { table } from "./table.ts";

const statuses = ["pending", "processed", "ignored", "dead"] as const;

export const events: Command = {
  name: "events",
  summary: "Payment events received, newest first.",
  parameters: [],
  options: pageOptions(statuses),
  prepare(given) {
    const status = readChoice("status", given.option("status"), statuses);
    const limit = readNumber("limit", given.option("limit"), 100);
    const cursor = readNumber("cursor", given.option("cursor"), Number.MAX_SAFE_INTEGER);
    return async ({ tally }) => {
      const page = await tally.events.list({ status, limit, cursor: cursor?.toString() });
      const rows = page.items.map((event) => [
        Number(event.id),
        event.eventId,
        event.type,
        event.status,
        event.taskId,
        event.receivedAt,
      ]);
      const text = table(["id", "event", "type", "status", "task", "received"], rows, "No events.");
      return { data: page, text: page.nextCursor === null ? text : `${text}\nMore: --cursor ${page.nextCursor}` };
    };
  },
};
