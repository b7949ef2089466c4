// tallystick cost FEATURE QUANTITY
import { readAmount } from "./arguments.ts";
import type { Command } from "./command.ts";

export const cost: Command = {
  name: "cost",
  summary: "What a quantity of a feature costs by the catalog.",
  parameters: ["FEATURE", "QUANTITY"],
  options: {},
  prepare(given) {
    const quantity = readAmount(given.parameter("QUANTITY"), "QUANTITY");
    return async ({ tally }) => {
      const result = tally.credits.cost({ feature: given.parameter("FEATURE"), quantity });
      return { data: result, text: `${quantity} of ${result.feature} cost ${result.amount} (${result.unit}).` };
    };
  },
};
