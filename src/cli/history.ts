// tallystick history USER
import { readChoice, readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { filterOptions, readFilter } from "./journal-options.ts";
import { table } from "./table.ts";

export const history: Command = {
  name: "history",
  summary: "A user's journal with the running balance, newest first.",
  parameters: ["USER"],
  options: {
    ...filterOptions,
    order: { type: "string", value: "ORDER", help: "desc, newest first (default), or asc." },
    limit: { type: "string", value: "N", help: "1 to 100; default 20." },
    cursor: { type: "string", value: "CURSOR", help: "nextCursor of the page before, asked with the same filter." },
    ...unitOption,
  },
  prepare(given) {
    const filter = readFilter(given);
    const order = readChoice("order", given.option("order"), ["asc", "desc"]);
    const limit = readNumber("limit", given.option("limit"), 100);
    return async ({ tally }) => {
      const page = await tally.credits.history({
        userId: given.parameter("USER"),
        unit: given.option("unit"),
        ...filter,
        order,
        limit,
        cursor: given.option("cursor"),
      });
      const rows = page.items.map((entry) => [
        entry.id,
        entry.createdAt,
        entry.type,
        entry.amount,
        entry.balanceAfter,
        entry.feature,
        entry.member,
        entry.actor,
        entry.description,
      ]);
      const columns = ["id", "time", "type", "amount", "balance", "feature", "member", "actor", "description"];
      const text = table(columns, rows, "No entries.");
      return { data: page, text: page.nextCursor === null ? text : `${text}\nMore: --cursor ${page.nextCursor}` };
    };
  },
};
