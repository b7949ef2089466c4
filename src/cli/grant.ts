// tallystick grant USER AMOUNT
import { grantTypes } from "../credits/input.ts";
import { readAmount, readChoice, readLot, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, lotOptions, unitOption } from "./command.ts";

export const grant: Command = {
  name: "grant",
  summary: "Grant credits to a user.",
  parameters: ["USER", "AMOUNT"],
  options: {
    type: { type: "string", value: "TYPE", help: `One of ${grantTypes.join(", ")}; default adjustment.` },
    ...lotOptions,
    reason: { type: "string", value: "TEXT", help: "Why; kept in the journal. An adjustment needs one." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = readAmount(given.parameter("AMOUNT"));
    const type = readChoice("type", given.option("type"), grantTypes) ?? "adjustment";
    const lot = readLot(given);
    const reason = given.option("reason");
    if (type === "adjustment" && !reason?.trim()) throw new UsageError("An adjustment needs a --reason.");
    return async ({ tally, actor }) => {
      const result = await tally.credits.grant({
        userId: given.parameter("USER"),
        unit: given.option("unit"),
        amount,
        type,
        ...lot,
        description: reason,
        idempotencyKey: given.option("idempotency-key"),
        actor,
      });
      const { transactionId, balance, replayed } = result;
      const done = replayed ? "Granted before under this key" : `Granted ${amount}`;
      return {
        data: result,
        text: `${done} to ${given.parameter("USER")} (entry ${transactionId}); balance ${balance}.`,
      };
    };
  },
};
