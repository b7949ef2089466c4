// tallystick capture HOLD
import { readAmount, readChoice } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption } from "./command.ts";

export const capture: Command = {
  name: "capture",
  summary: "Debit what work cost from its hold, all of it by default; the rest is given back.",
  parameters: ["HOLD"],
  options: {
    amount: { type: "string", value: "AMOUNT", help: "What the work cost; default all that is held." },
    overage: { type: "string", value: "POLICY", help: "Above the hold: refuse (default), or consume the rest." },
    description: { type: "string", value: "TEXT", help: "What for; default the hold's." },
    ...keyOption,
  },
  prepare(given) {
    const words = given.option("amount");
    const amount = words === undefined ? undefined : readAmount(words);
    const overage = readChoice("overage", given.option("overage"), ["refuse", "consume"]);
    return async ({ tally }) => {
      const result = await tally.credits.capture({
        holdId: given.parameter("HOLD"),
        amount,
        overage,
        description: given.option("description"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { id, captured, transactionId, balance, replayed } = result;
      const done = replayed ? "Captured before under this key" : `Captured ${captured}`;
      return { data: result, text: `${done} of hold ${id} (entry ${transactionId}); balance ${balance}.` };
    };
  },
};
