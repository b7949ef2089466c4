// tallystick hold USER AMOUNT
import { readAmount, readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, spenderOptions, unitOption } from "./command.ts";

export const hold: Command = {
  name: "hold",
  summary: "Set credits of a user aside, to be captured or voided.",
  parameters: ["USER", "AMOUNT"],
  options: {
    "expires-in": { type: "string", value: "SECONDS", help: "The hold's life, at most 30 days; default 900." },
    ...spenderOptions,
    description: { type: "string", value: "TEXT", help: "What for; kept in the journal when it is captured." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = readAmount(given.parameter("AMOUNT"));
    const expiresInSeconds = readNumber("expires-in", given.option("expires-in"), 30 * 86_400);
    return async ({ tally }) => {
      const result = await tally.credits.hold({
        userId: given.parameter("USER"),
        unit: given.option("unit"),
        amount,
        expiresInSeconds,
        feature: given.option("feature"),
        member: given.option("member"),
        description: given.option("description"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { id, status, expiresAt, available, replayed } = result;
      const done = replayed ? `Held before under this key, now ${status}` : `Held ${amount}`;
      return {
        data: result,
        text: `${done} (hold ${id}) until ${expiresAt.toISOString()}; available ${available}.`,
      };
    };
  },
};
