// What a refused spend tells its caller.
import { callFunction } from "../../src/credits/context.ts";
import type { Killer } from "./killers.ts";
import { same } from "./told.ts";

const start = Date.parse("2026-02-01T00:00:00Z");

export const spendScenarios: readonly Killer[] = [
  {
    name: "a refusal tells what the feature could have spent",
    run: async ({ reset, setClock, database, credits }) => {
      await reset();
      await setClock(start);
      await credits.grant({ userId: "ann", amount: 30, type: "adjustment" });
      await credits.grant({ userId: "ann", amount: 50, type: "adjustment", scope: ["image"] });
      const answer = await callFunction(database, "consume_credits", {
        p_user_id: "ann",
        p_amount: 40,
        p_feature: "text",
      });
      same("refusal", answer, { outcome: "insufficient_credits", balance: 80, available: 30 });
    },
  },
];
