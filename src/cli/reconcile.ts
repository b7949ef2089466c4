// tallystick reconcile
import type { ReconcileReport } from "../payment/reconcile/reconcile.ts";
import { readTime } from "./arguments.ts";
import type { Command } from "./command.ts";
import { requireConfig } from "./require-config.ts";
import { count, table } from "./table.ts";

const DAY_MS = 86_400_000;

export const reconcile: Command = {
  name: "reconcile",
  summary: "Compare what the payment provider lists with what is known here; apply what never arrived.",
  parameters: [],
  options: {
    since: {
      type: "string",
      value: "TIME",
      help: "From when on; default 3 days ago. Stripe lists events for 30 days.",
    },
    provider: { type: "string", value: "NAME", help: "Which provider, where several are configured." },
  },
  prepare(given) {
    const since = readTime("since", given.option("since")) ?? new Date(Date.now() - 3 * DAY_MS);
    const provider = given.option("provider");
    return async ({ tally, configFile }) => {
      requireConfig(configFile, "no payment provider is known. Nothing was changed.");
      const report = await tally.payment.reconcile({ since, provider });
      const recovered = Object.values(report.missing).reduce((sum, missing) => sum + missing, 0);
      if (recovered > 0) await tally.drain({ budgetMs: 60_000 });
      return { data: report, text: describe(report, recovered), failed: report.problems.length > 0 };
    };
  },
};

function describe({ provider, since, seen, missing, recovered, problems }: ReconcileReport, total: number): string {
  const rows = Object.entries(seen).map(([kind, listed]) => [kind, listed, missing[kind] ?? 0]);
  return [
    `${provider}, since ${since.toISOString()}`,
    table(["", "listed", "not known here"], rows, "Nothing is listed."),
    total === 0 ? "Nothing was missing." : `${count(total, "event")} stored and handled now:`,
    ...recovered.map(({ eventId, type }) => `  ${type}  ${eventId}`),
    ...problems.map((problem) => `Problem: ${problem}`),
  ].join("\n");
}
