// tallystick consume USER AMOUNT
import { readAmount } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, spenderOptions, unitOption } from "./command.ts";
import { count } from "./table.ts";

export const consume: Command = {
  name: "consume",
  summary: "Consume credits of a user: all of the amount or nothing.",
  parameters: ["USER", "AMOUNT"],
  options: {
    ...spenderOptions,
    description: { type: "string", value: "TEXT", help: "What for; kept in the journal." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = readAmount(given.parameter("AMOUNT"));
    return async ({ tally }) => {
      const result = await tally.credits.consume({
        userId: given.parameter("USER"),
        unit: given.option("unit"),
        amount,
        feature: given.option("feature"),
        member: given.option("member"),
        description: given.option("description"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { transactionId, balance, allocations, replayed } = result;
      const done = replayed ? "Consumed before under this key" : `Consumed ${amount}`;
      const lots = count(allocations.length, "lot");
      return { data: result, text: `${done} from ${lots} (entry ${transactionId}); balance ${balance}.` };
    };
  },
};
