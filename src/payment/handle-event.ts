// The task that gives an event its effect: the provider says what happened, one effect for each kind of fact writes it.
import type { Database } from "../db/database.ts";
import { defineTask, type TaskDefinition, type TaskPayload } from "../tasks/task.ts";
import { applyFact } from "./effects/apply-fact.ts";
import type { EffectContext } from "./effects/context.ts";
import { markEvent, readEvent } from "./inbox.ts";
import type { PaymentFact, PaymentProvider } from "./provider.ts";

export interface EventTaskOptions {
  readonly database: Database;
  readonly provider: PaymentProvider;
  readonly effects: Omit<EffectContext, "tx" | "provider">;
}

export const PAYMENT_EVENT_TASK = "payment-event";

export function paymentEventTask(options: EventTaskOptions): TaskDefinition<readonly PaymentFact[]> {
  const { database, provider, effects } = options;
  return defineTask<readonly PaymentFact[]>({
    name: PAYMENT_EVENT_TASK,
    async load({ payload, attempt, signal }) {
      return provider.load(await readEvent(database, eventId(payload)), { attempt, signal });
    },
    async run({ tx, loaded, payload }) {
      for (const fact of loaded) await applyFact({ ...effects, provider: provider.name, tx }, fact);
      await markEvent(tx, eventId(payload), "processed");
    },
    async onDead({ tx, payload }) {
      await markEvent(tx, eventId(payload), "dead");
    },
  });
}

function eventId(payload: TaskPayload): number {
  return Number(payload["eventId"]);
}
