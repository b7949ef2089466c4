// tallystick limit USER
import { limitPeriods } from "../credits/limits.ts";
import { readChoice, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { table } from "./table.ts";

export const limit: Command = {
  name: "limit",
  summary: "Show a user's spend limits, or set or remove one.",
  parameters: ["USER"],
  options: {
    period: { type: "string", value: "PERIOD", help: `One of ${limitPeriods.join(", ")}.` },
    amount: { type: "string", value: "AMOUNT", help: "Credits a period, from 0." },
    remove: { type: "boolean", help: "Remove the limit instead." },
    member: { type: "string", value: "NAME", help: "The member that is limited; without it, the account as a whole." },
    "time-zone": { type: "string", value: "ZONE", help: "Where the periods begin, such as Asia/Shanghai." },
    ...unitOption,
  },
  prepare(given) {
    const period = readChoice("period", given.option("period"), limitPeriods);
    const amount = readLimit(given.option("amount"));
    const remove = given.flag("remove");
    if (remove && amount !== undefined) throw new UsageError("--amount and --remove exclude each other.");
    const change = remove || amount !== undefined;
    if (change !== (period !== undefined)) {
      throw new UsageError("A limit is set by --period and --amount, and removed by --period and --remove.");
    }
    const [member, timeZone] = [given.option("member"), given.option("time-zone")];
    if (!change && (member !== undefined || timeZone !== undefined)) {
      throw new UsageError("--member and --time-zone go with --period.");
    }
    const account = { userId: given.parameter("USER"), unit: given.option("unit") };
    return async ({ tally }) => {
      if (period !== undefined) {
        await tally.credits.setLimit({ ...account, member, period, amount: amount ?? null, timeZone });
      }
      const limits = await tally.credits.limits(account);
      const rows = limits.map((one) => [
        one.member ?? "(all)",
        one.period,
        one.spent,
        one.amount,
        one.timeZone,
        one.resetsAt,
      ]);
      const columns = ["member", "period", "spent", "limit", "time zone", "resets"];
      return { data: { items: limits }, text: table(columns, rows, "No limits.") };
    };
  },
};

function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const amount = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(amount)) throw new UsageError("--amount must be a whole number of credits, from 0.");
  return amount;
}
