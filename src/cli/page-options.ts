// The options of commands that list.
import type { CommandOption } from "./arguments.ts";

export function pageOptions(statuses: readonly string[]): Readonly<Record<string, CommandOption>> {
  return {
    status: { type: "string", value: "STATUS", help: `Only ${statuses.join(", ")}.` },
    limit: { type: "string", value: "N", help: "1 to 100; default 20." },
    cursor: { type: "string", value: "CURSOR", help: "nextCursor of the page before." },
  };
}
