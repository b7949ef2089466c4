// tallystick balance USER
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { pairs, table } from "./table.ts";

export const balance: Command = {
  name: "balance",
  summary: "What a user has, and the lots in the order in which they burn; zeros for an unknown user.",
  parameters: ["USER"],
  options: unitOption,
  prepare:
    (given) =>
    async ({ tally }) => {
      const account = await tally.credits.balance({ userId: given.parameter("USER"), unit: given.option("unit") });
      const { userId, unit, available, held, debt, lots } = account;
      const rows = lots.map((lot) => [
        lot.id,
        lot.type,
        lot.amount,
        lot.remaining,
        lot.priority,
        lot.expiresAt ?? "never",
      ]);
      const summary = pairs([
        ["user", userId],
        ["unit", unit],
        ["balance", account.balance],
        ["available", available],
        ["held", held],
        ["debt", debt],
      ]);
      const columns = ["lot", "type", "amount", "remaining", "priority", "expires"];
      return { data: account, text: `${summary}\n\n${table(columns, rows, "No live lots.")}` };
    },
};
