// tallystick freeze USER, tallystick unfreeze USER
import { readReason } from "./arguments.ts";
import type { Command } from "./command.ts";
import { reasonOption, unitOption } from "./command.ts";

export const freeze: Command = {
  name: "freeze",
  summary: "Stop a user's spending; grants, captures, refunds and expiry go on.",
  parameters: ["USER"],
  options: { ...reasonOption, ...unitOption },
  prepare(given) {
    const reason = readReason(given);
    const account = { userId: given.parameter("USER"), unit: given.option("unit") ?? "credit" };
    return async ({ tally, actor }) => {
      await tally.credits.freeze({ ...account, actor, reason });
      return { data: { ...account, frozen: true }, text: `${account.userId} is frozen.` };
    };
  },
};

export const unfreeze: Command = {
  name: "unfreeze",
  summary: "Let a frozen user spend again.",
  parameters: ["USER"],
  options: { ...reasonOption, ...unitOption },
  prepare(given) {
    const reason = readReason(given);
    const account = { userId: given.parameter("USER"), unit: given.option("unit") ?? "credit" };
    return async ({ tally, actor }) => {
      await tally.credits.unfreeze({ ...account, actor, reason });
      return { data: { ...account, frozen: false }, text: `${account.userId} is not frozen.` };
    };
  },
};
