// tallystick erase USER
import { UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { count } from "./table.ts";

export const erase: Command = {
  name: "erase",
  summary: "Forget whose a user's accounts, payments and events are; the ledger stays. It can't be undone.",
  parameters: ["USER"],
  options: { yes: { type: "boolean", help: "It is meant. Needed." } },
  prepare(given) {
    if (!given.flag("yes")) throw new UsageError("Erasing can't be undone; add --yes when it is meant.");
    return async ({ tally }) => {
      const result = await tally.users.erase({ userId: given.parameter("USER") });
      const { accounts, payments, events, alias } = result;
      const what = [count(accounts, "account"), count(payments, "payment"), count(events, "event")].join(", ");
      return { data: result, text: `Erased: ${what} stand under ${alias} now.` };
    };
  },
};
