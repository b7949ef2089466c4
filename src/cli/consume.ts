// tallystick consume USER AMOUNT
import { readAmount, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, spenderOptions, unitOption } from "./command.ts";
import { count } from "./table.ts";

export const consume: Command = {
  name: "consume",
  summary: "Consume credits of a user: all of the amount or nothing.",
  parameters: ["USER", "AMOUNT"],
  options: {
    ...spenderOptions,
    quantity: { type: "boolean", help: "AMOUNT is a quantity of the feature, priced by the catalog." },
    description: { type: "string", value: "TEXT", help: "What for; kept in the journal." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = readAmount(given.parameter("AMOUNT"));
    const feature = given.option("feature");
    const quantity = given.flag("quantity");
    if (quantity && feature === undefined) throw new UsageError("--quantity needs a --feature.");
    // What a quantity costs is known only when it is consumed.
    const spent = quantity && feature !== undefined ? { quantity: amount, feature } : { amount, feature };
    return async ({ tally }) => {
      const result = await tally.credits.consume({
        userId: given.parameter("USER"),
        unit: given.option("unit"),
        ...spent,
        member: given.option("member"),
        description: given.option("description"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { transactionId, balance, allocations, replayed } = result;
      const done = replayed
        ? "Consumed before under this key"
        : `Consumed ${allocations.reduce((sum, draw) => sum + draw.amount, 0)}`;
      const lots = count(allocations.length, "lot");
      return { data: result, text: `${done} from ${lots} (entry ${transactionId}); balance ${balance}.` };
    };
  },
};
