// tallystick audit
import type { Command } from "./command.ts";
import { count, table } from "./table.ts";

export const audit: Command = {
  name: "audit",
  summary: "Check every equation of the ledger; exit status 1 when one does not hold.",
  parameters: [],
  options: {},
  prepare:
    () =>
    async ({ tally }) => {
      const result = await tally.credits.audit();
      const { ok, accounts, violations } = result;
      const rows = violations.map(({ equation, userId, unit, detail }) => [equation, userId, unit, detail]);
      const text = ok
        ? `The ledger is consistent: ${count(accounts, "account")}, no violation.`
        : `${count(violations.length, "violation")} in ${count(accounts, "account")}:\n${table(["equation", "user", "unit", "detail"], rows, "")}`;
      return { data: result, text, failed: !ok };
    },
};
