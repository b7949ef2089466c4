// tallystick seal
import { readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { budgetOption } from "./command.ts";
import { count } from "./table.ts";

export const seal: Command = {
  name: "seal",
  summary: "Sign the journal's new entries with the configured key; `audit` verifies them.",
  parameters: [],
  options: budgetOption,
  prepare(given) {
    const budgetMs = readNumber("budget-ms", given.option("budget-ms"));
    return async ({ tally }) => {
      const result = await tally.credits.seal({ budgetMs });
      const { sealed, entries, torn, complete } = result;
      const lines = [`Sealed ${count(sealed, "range")}: ${entries} ${entries === 1 ? "entry" : "entries"}.`];
      if (torn > 0) lines.push(`${count(torn, "range")} not sealed: entries are missing; run \`tallystick audit\`.`);
      if (!complete) lines.push("There is more to seal; run it again.");
      return { data: result, text: lines.join("\n"), failed: torn > 0 };
    };
  },
};
