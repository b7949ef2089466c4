// tallystick time-zone USER ZONE
import type { Command } from "./command.ts";
import { unitOption } from "./command.ts";

export const timeZone: Command = {
  name: "time-zone",
  summary: "Set the zone in which a user's months begin, such as Europe/Berlin, from the next month on.",
  parameters: ["USER", "ZONE"],
  options: unitOption,
  prepare(given) {
    const account = { userId: given.parameter("USER"), unit: given.option("unit") ?? "credit" };
    const zone = given.parameter("ZONE");
    return async ({ tally }) => {
      await tally.credits.setTimeZone({ ...account, timeZone: zone });
      return { data: { ...account, timeZone: zone }, text: `The months of ${account.userId} begin in ${zone} time.` };
    };
  },
};
