// tallystick expire
import { readNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import { budgetOption } from "./command.ts";
import { progressLine } from "./progress.ts";
import { count } from "./table.ts";

export const expire: Command = {
  name: "expire",
  summary: "Book what expired lots still held.",
  parameters: [],
  options: budgetOption,
  prepare(given) {
    const budgetMs = readNumber("budget-ms", given.option("budget-ms"));
    return async ({ tally }) => {
      const line = progressLine("lot");
      const result = await tally.credits.expire({ budgetMs, onProgress: line.onProgress }).finally(line.end);
      const { expired, accounts, credits, remaining } = result;
      const done = `Expired ${count(expired, "lot")} of ${count(accounts, "account")}: ${count(credits, "credit")}.`;
      return { data: result, text: remaining === 0 ? done : `${done}\n${count(remaining, "lot")} left; run it again.` };
    };
  },
};
