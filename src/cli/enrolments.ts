// tallystick enrolments USER
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { table } from "./table.ts";

export const enrolments: Command = {
  name: "enrolments",
  summary: "A user's enrolments, newest first.",
  parameters: ["USER"],
  options: unitOption,
  prepare:
    (given) =>
    async ({ tally }) => {
      const items = await tally.credits.enrolments({ userId: given.parameter("USER"), unit: given.option("unit") });
      const rows = items.map((one) => [
        Number(one.id),
        one.planId,
        one.type,
        one.quantity,
        one.status,
        one.periodCount === null ? `${one.periodsGranted}` : `${one.periodsGranted}/${one.periodCount}`,
        one.nextDueAt,
        one.endedAt,
        one.source,
      ]);
      const columns = ["id", "plan", "type", "quantity", "status", "months", "next due", "ended", "source"];
      return { data: { items }, text: table(columns, rows, "No enrolments.") };
    },
};
