// tallystick audit
import type { AuditProgress, AuditResult } from "../credits/audit.ts";
import type { RepairPlan } from "../credits/audit/repair.ts";
import type { Command, Outcome } from "./command.ts";
import { unitOption } from "./command.ts";
import { count, table } from "./table.ts";

export const audit: Command = {
  name: "audit",
  summary: "Check every equation of the ledger and its seals; exit status 1 when one does not hold.",
  parameters: [],
  options: {
    account: { type: "string", value: "USER", help: "Only this user's accounts." },
    ...unitOption,
    equation: { type: "string", value: "LIST", help: "Only these, by name or number, separated by commas." },
    "repair-plan": { type: "boolean", help: "Also print what would mend each violation; changes nothing." },
  },
  prepare(given) {
    const input = {
      userId: given.option("account"),
      unit: given.option("unit"),
      equations: given.option("equation")?.split(","),
      ...(process.stderr.isTTY && { onProgress: showProgress }),
    };
    return async ({ tally }) =>
      given.flag("repair-plan")
        ? planOutcome(await tally.credits.repairPlan(input))
        : auditOutcome(await tally.credits.audit(input));
  },
};

function auditOutcome(result: AuditResult): Outcome {
  return { data: result, text: auditText(result), failed: !result.ok };
}

function auditText({ ok, accounts, violations, seals }: AuditResult): string {
  const rows = violations.map(({ equation, userId, unit, detail }) => [equation, userId, unit, detail]);
  const books = ok
    ? `The ledger is consistent: ${count(accounts, "account")}, no violation.`
    : `${count(violations.length, "violation")} in ${count(accounts, "account")}:\n${table(["equation", "user", "unit", "detail"], rows, "")}`;
  if (seals === undefined) return books;
  const { checked, entries, unsealed } = seals;
  const verdict = seals.violations.length === 0 ? "all true" : count(seals.violations.length, "violation");
  return `${books}\nSeals: ${count(checked, "seal")} over ${entries} entries, ${verdict}; ${unsealed} entries not sealed yet.`;
}

function planOutcome(plan: RepairPlan): Outcome {
  const lines = plan.repairs.flatMap(({ violation, statements, operation, because }) => [
    "",
    `${violation.equation}${violation.userId === null ? "" : ` (${violation.userId}, ${violation.unit})`}: ${violation.detail}`,
    ...(statements.length === 0 && operation === null ? ["  no proposal:"] : []),
    ...statements.map((statement) => `  would run:  ${statement}`),
    ...(operation === null ? [] : [`  would call: ${operation}`]),
    ...because.map((reason) => `  - ${reason}`),
  ]);
  return {
    data: plan,
    text: [auditText(plan.audit), ...lines, ...(lines.length > 0 ? ["", "Nothing was changed."] : [])].join("\n"),
    failed: !plan.audit.ok,
  };
}

function showProgress({ equations, step, steps, rows, done }: AuditProgress): void {
  if (!done) process.stderr.write(`${step + 1}/${steps}  ${equations.join(", ")}  (about ${rows} rows)\n`);
}
