// tallystick void HOLD
import type { Command } from "./command.ts";
import { keyOption } from "./command.ts";

export const voidHold: Command = {
  name: "void",
  summary: "Give a hold back whole.",
  parameters: ["HOLD"],
  options: keyOption,
  prepare:
    (given) =>
    async ({ tally }) => {
      const idempotencyKey = given.option("idempotency-key");
      const result = await tally.credits.void({ holdId: given.parameter("HOLD"), idempotencyKey });
      const done = result.replayed ? "Voided before under this key" : "Voided";
      return { data: result, text: `${done}: hold ${result.id} of ${result.amount}; available ${result.available}.` };
    },
};
