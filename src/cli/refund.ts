// tallystick refund DEBIT
import { readAmount, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, unitOption } from "./command.ts";

export const refund: Command = {
  name: "refund",
  summary: "Give a usage or a negative adjustment back, in whole or in part.",
  parameters: ["DEBIT"],
  options: {
    user: { type: "string", value: "USER", help: "DEBIT is the idempotency key of this user's debit, not its entry." },
    amount: { type: "string", value: "AMOUNT", help: "Credits to give back; default all that is left." },
    "grace-hours": { type: "string", value: "HOURS", help: "What is given back lives so long at least; default 24." },
    description: { type: "string", value: "TEXT", help: "Why; kept in the journal." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const amount = given.option("amount");
    const hours = given.option("grace-hours");
    if (hours !== undefined && !/^\d{1,5}(\.\d+)?$/.test(hours)) {
      throw new UsageError("--grace-hours must be a number of hours, from 0.");
    }
    const input = {
      amount: amount === undefined ? undefined : readAmount(amount),
      graceHours: hours === undefined ? undefined : Number(hours),
      description: given.option("description"),
      idempotencyKey: given.option("idempotency-key"),
    };
    const userId = given.option("user");
    const unit = given.option("unit");
    if (userId === undefined && unit !== undefined) throw new UsageError("--unit goes with --user.");
    const debit = given.parameter("DEBIT");
    return async ({ tally, actor }) => {
      const named = userId === undefined ? { transactionId: debit } : { userId, unit, debitKey: debit };
      const result = await tally.credits.refund({ ...input, ...named, actor });
      const done = result.replayed ? "Refunded before under this key" : `Refunded ${result.refunded}`;
      return { data: result, text: `${done} (entry ${result.transactionId}); balance ${result.balance}.` };
    };
  },
};
