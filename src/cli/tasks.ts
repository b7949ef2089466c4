// tallystick tasks
import { readChoice, readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { pageOptions } from "./page-options.ts";
import { table } from "./table.ts";

const statuses = ["pending", "running", "done", "dead", "cancelled"] as const;

export const tasks: Command = {
  name: "tasks",
  summary: "Tasks, newest first, with their last error.",
  parameters: [],
  options: pageOptions(statuses),
  prepare(given) {
    const status = readChoice("status", given.option("status"), statuses);
    const limit = readNumber("limit", given.option("limit"), 100);
    const cursor = readNumber("cursor", given.option("cursor"), Number.MAX_SAFE_INTEGER);
    return async ({ tally }) => {
      const page = await tally.tasks.list({ status, limit, cursor: cursor?.toString() });
      const rows = page.items.map((task) => [
        Number(task.id),
        task.name,
        task.status,
        `${task.attempts}/${task.maxAttempts}`,
        task.runAt,
        task.lastError,
      ]);
      const text = table(["id", "task", "status", "attempts", "due", "last error"], rows, "No tasks.");
      return { data: page, text: page.nextCursor === null ? text : `${text}\nMore: --cursor ${page.nextCursor}` };
    };
  },
};
