// The task that gives an event its effect: the provider says what happened, one effect for each kind of fact writes it.
import type { Database } from "../db/database.ts";
import { enqueueTask } from "../tasks/enqueue.ts";
import { defineTask, type TaskDefinition, type TaskPayload } from "../tasks/task.ts";
import { applyFact } from "./effects/apply-fact.ts";
import type { EffectContext } from "./effects/context.ts";
import { markEvent, readEvent } from "./inbox.ts";
import type { PaymentFact, PaymentProvider } from "./provider.ts";

export interface EventTaskOptions {
  readonly database: Database;
  readonly provider: PaymentProvider;
  readonly effects: Omit<EffectContext, "tx" | "provider">;
  readonly maxAttempts: number;
}

export const PAYMENT_EVENT_TASK = "payment-event";

export function paymentEventTask(options: EventTaskOptions): TaskDefinition<readonly PaymentFact[]> {
  const { database, provider, effects, maxAttempts } = options;
  return defineTask<readonly PaymentFact[]>({
    name: PAYMENT_EVENT_TASK,
    async load({ payload, attempt, signal }) {
      return provider.load(await readEvent(database, eventId(payload)), {
        attempt,
        signal,
        mayAssume: payload["recheck"] !== true,
      });
    },
    async run({ tx, loaded, payload }) {
      for (const fact of loaded) await applyFact({ ...effects, provider: provider.name, tx }, fact);
      await markEvent(tx, eventId(payload), "processed");
      // What was given on the event's word alone is looked at again until the provider answers.
      if (loaded.some((fact) => fact.kind === "checkout_paid" && fact.assumed)) {
        const id = eventId(payload);
        const [row] = await tx.query<{ runAt: Date }>(`select tallystick.clock() + interval '1 minute' as "runAt"`);
        const recheck = { name: PAYMENT_EVENT_TASK, payload: { eventId: id, recheck: true }, maxAttempts };
        await enqueueTask(tx, { ...recheck, dedupeKey: `recheck:${id}`, ...row });
      }
    },
    async onDead({ tx, payload }) {
      await markEvent(tx, eventId(payload), "dead");
    },
  });
}

function eventId(payload: TaskPayload): number {
  return Number(payload["eventId"]);
}
