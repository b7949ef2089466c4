// tallystick migrate
import type { Command } from "./command.ts";
import { count } from "./table.ts";

export const migrate: Command = {
  name: "migrate",
  summary: "Bring the database to this version; safe at any time and from several processes.",
  parameters: [],
  options: {},
  prepare:
    () =>
    async ({ tally }) => {
      const result = await tally.migrate();
      const { applied, functionsReplaced } = result;
      const lines = [
        applied.length === 0
          ? "No migration was due."
          : `Applied ${count(applied.length, "migration")}: ${applied.join(", ")}.`,
        functionsReplaced ? "Installed the SQL functions anew." : "The SQL functions are current.",
      ];
      return { data: result, text: lines.join("\n") };
    },
};
