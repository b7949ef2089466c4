// tallystick enrol USER PLAN
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";
import { requirePlans } from "./require-config.ts";

export const enrol: Command = {
  name: "enrol",
  summary: "Enrol a user in a plan and grant the first month; once for each plan. Needs tallystick.config.",
  parameters: ["USER", "PLAN"],
  options: unitOption,
  prepare(given) {
    const [userId, planId] = [given.parameter("USER"), given.parameter("PLAN")];
    return async ({ tally, configFile }) => {
      requirePlans(configFile);
      const result = await tally.credits.enrol({ userId, unit: given.option("unit"), planId });
      const done = result.created ? `Enrolled ${userId} in ${planId}` : `${userId} was enrolled in ${planId} before`;
      return { data: result, text: `${done} (enrolment ${result.enrolmentId}).` };
    };
  },
};
