// tallystick distribute
import { readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { budgetOption } from "./command.ts";
import { progressLine } from "./progress.ts";
import { count } from "./table.ts";

export const distribute: Command = {
  name: "distribute",
  summary: "Grant the due monthly credits of enrolled accounts, by the catalog of tallystick.config.",
  parameters: [],
  options: budgetOption,
  prepare(given) {
    const budgetMs = readNumber("budget-ms", given.option("budget-ms"));
    return async ({ tally, configFile }) => {
      const line = progressLine("grant");
      const result = await tally.credits.distribute({ budgetMs, onProgress: line.onProgress }).finally(line.end);
      const { credits, remaining, unknownPlans } = result;
      const notes = [
        ...(configFile === undefined
          ? ["No tallystick.config was found here: the catalog is empty, so nothing can be due."]
          : []),
        ...(remaining > 0 ? [`${count(remaining, "enrolment")} left; run it again.`] : []),
        ...(unknownPlans.length > 0
          ? [`Accounts are enrolled in plans that the catalog does not know: ${unknownPlans.join(", ")}.`]
          : []),
      ];
      return {
        data: result,
        text: [`Made ${count(result.count, "grant")}: ${count(credits, "credit")}.`, ...notes].join("\n"),
        failed: unknownPlans.length > 0,
      };
    };
  },
};
