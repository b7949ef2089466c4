// tallystick endpoints deliveries ID, tallystick endpoints replay ID
import { readChoice, readNumber, readTime, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { pageOptions } from "./page-options.ts";
import { table } from "./table.ts";

const statuses = ["pending", "delivered", "failed", "cancelled"] as const;

export const deliveries: Command = {
  name: "endpoints deliveries",
  summary: "What was sent to an endpoint, newest first, with the last answer.",
  parameters: ["ID"],
  options: pageOptions(statuses),
  prepare(given) {
    const status = readChoice("status", given.option("status"), statuses);
    const limit = readNumber("limit", given.option("limit"), 100);
    const cursor = readNumber("cursor", given.option("cursor"), Number.MAX_SAFE_INTEGER);
    return async ({ tally }) => {
      const input = { status, limit, cursor: cursor?.toString() };
      const page = await tally.endpoints.deliveries(given.parameter("ID"), input);
      const rows = page.items.map((one) => [
        Number(one.id),
        one.occurredAt,
        one.type,
        one.status,
        one.attempts,
        one.lastStatusCode,
        one.lastError,
      ]);
      const columns = ["id", "at", "type", "status", "attempts", "answer", "last error"];
      const text = table(columns, rows, "No deliveries.");
      return { data: page, text: page.nextCursor === null ? text : `${text}\nMore: --cursor ${page.nextCursor}` };
    };
  },
};

export const replayDeliveries: Command = {
  name: "endpoints replay",
  summary: "Send again: one delivery, or what the endpoint ID did not get since a moment.",
  parameters: ["ID"],
  options: {
    since: { type: "string", value: "TIME", help: "ISO 8601: what it did not get of events from then on." },
    all: { type: "boolean", help: "With --since: also what it did get." },
    delivery: { type: "boolean", help: "ID is a delivery's, of `endpoints deliveries`." },
  },
  prepare(given) {
    const id = given.parameter("ID");
    const since = readTime("since", given.option("since"));
    const [all, one] = [given.flag("all"), given.flag("delivery")];
    if (one ? since !== undefined || all : since === undefined) {
      throw new UsageError("Give --since for an endpoint, or --delivery for one delivery.");
    }
    return async ({ tally, actor }) => {
      if (since === undefined) {
        await tally.endpoints.replay(id, { actor });
        return {
          data: { id, status: "pending" },
          text: `Delivery ${id} waits again; the next drain or tick sends it.`,
        };
      }
      const result = await tally.endpoints.replaySince(id, { since, all, actor });
      return { data: result, text: `Deliveries that wait again: ${result.replayed}. Drains and ticks send them.` };
    };
  },
};
