// tallystick adjust USER AMOUNT
import { readLot, readReason, readSignedAmount } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, lotOptions, reasonOption, unitOption } from "./command.ts";

export const adjust: Command = {
  name: "adjust",
  summary: "Correct a user's credits: 5 adds five, -5 takes five off, also from a frozen account and beyond limits.",
  parameters: ["USER", "AMOUNT"],
  options: {
    ...reasonOption,
    feature: { type: "string", value: "NAME", help: "Taking off: also from the lots kept for this feature." },
    ...lotOptions,
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = readSignedAmount(given.parameter("AMOUNT"));
    const reason = readReason(given);
    const lot = readLot(given);
    return async ({ tally, actor }) => {
      const userId = given.parameter("USER");
      const result = await tally.credits.adjust({
        userId,
        unit: given.option("unit"),
        amount,
        reason,
        actor,
        ...lot,
        feature: given.option("feature"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { transactionId, balance, replayed } = result;
      const done = replayed ? "Adjusted before under this key" : `Adjusted ${userId} by ${amount}`;
      return { data: result, text: `${done} (entry ${transactionId}); balance ${balance}.` };
    };
  },
};
