// tallystick balance USER
import { readTime } from "./arguments.ts";
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { pairs, table } from "./table.ts";

export const balance: Command = {
  name: "balance",
  summary: "What a user has, and the lots in the order in which they burn; zeros for an unknown user.",
  parameters: ["USER"],
  options: {
    at: { type: "string", value: "TIME", help: "What the user had at this past moment." },
    ...unitOption,
  },
  prepare(given) {
    const at = readTime("at", given.option("at"));
    return async ({ tally }) => {
      const named = { userId: given.parameter("USER"), unit: given.option("unit") };
      const account = await (at === undefined
        ? tally.credits.balance(named)
        : tally.credits.balanceAt({ ...named, at }));
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
    };
  },
};
