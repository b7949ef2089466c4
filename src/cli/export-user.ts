// tallystick export-user USER
import type { Command } from "./command.ts";

export const exportUser: Command = {
  name: "export-user",
  summary: "All that is stored about a user, in every unit and layer, as one JSON document.",
  parameters: ["USER"],
  options: {},
  prepare:
    (given) =>
    async ({ tally }) => {
      const userId = given.parameter("USER");
      const sections: Record<string, Readonly<Record<string, unknown>>[]> = {};
      for await (const { section, rows } of tally.users.export({ userId })) {
        (sections[section] ??= []).push(...rows);
      }
      const document = { userId, ...sections };
      return { data: document, text: JSON.stringify(document, null, 2) };
    },
};
