// tallystick merge FROM INTO
import { readReason } from "./arguments.ts";
import type { Command } from "./command.ts";
import { reasonOption, unitOption } from "./command.ts";

export const merge: Command = {
  name: "merge",
  summary: "Move all that one user has, a freeze too, to another; the first id becomes an alias. It can't be undone.",
  parameters: ["FROM", "INTO"],
  options: { ...reasonOption, ...unitOption },
  prepare(given) {
    const reason = readReason(given);
    const [fromUserId, toUserId] = [given.parameter("FROM"), given.parameter("INTO")];
    return async ({ tally, actor }) => {
      const result = await tally.credits.merge({ fromUserId, toUserId, unit: given.option("unit"), actor, reason });
      const debt = result.debt > 0 ? ` and a debt of ${result.debt}` : "";
      return { data: result, text: `Moved ${result.moved}${debt} from ${fromUserId} to ${toUserId}.` };
    };
  },
};
