// tallystick change-plan USER FROM TO
import { readChoice } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, unitOption } from "./command.ts";
import { requirePlans } from "./require-config.ts";
import { count } from "./table.ts";

export const changePlan: Command = {
  name: "change-plan",
  summary: "Change the plan of a running enrolment; no period is given twice. Needs tallystick.config.",
  parameters: ["USER", "FROM", "TO"],
  options: {
    grant: {
      type: "string",
      value: "POLICY",
      help: "What the running period gets now: difference (default), full or next_period, which is nothing.",
    },
    anchor: { type: "string", value: "POLICY", help: "Periods begin as before: keep (default), or from now: now." },
    source: { type: "string", value: "SOURCE", help: "The enrolment's source, where several stand on one plan." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const grant = readChoice("grant", given.option("grant"), ["difference", "full", "next_period"]);
    const anchor = readChoice("anchor", given.option("anchor"), ["keep", "now"]);
    const [userId, from, to] = [given.parameter("USER"), given.parameter("FROM"), given.parameter("TO")];
    return async ({ tally, configFile }) => {
      requirePlans(configFile);
      const result = await tally.credits.changePlan({
        userId,
        unit: given.option("unit"),
        from,
        to,
        grant,
        anchor,
        source: given.option("source"),
        idempotencyKey: given.option("idempotency-key"),
      });
      const { enrolment, granted, replayed } = result;
      const done = replayed
        ? `Changed before under this key (enrolment ${enrolment.id}).`
        : `Changed ${userId} from ${from} to ${to} (enrolment ${enrolment.id}); granted ${count(granted, "credit")}.`;
      return { data: result, text: done };
    };
  },
};
