// The task that gives an event its effect: the provider says what happened, one effect for each kind of fact writes it.
import type { Database } from "../db/database.ts";
import { enqueueTask } from "../tasks/enqueue.ts";
import { defineTask, type TaskDefinition, type TaskPayload } from "../tasks/task.ts";
import { applyFact } from "./effects/apply-fact.ts";
import type { EffectContext } from "./effects/context.ts";
import { markHandled } from "./mark-handled.ts";
import { markEvent, readEvent } from "./inbox.ts";
import type { PaymentFact } from "./provider.ts";
import type { Providers } from "./providers.ts";

export interface EventTaskOptions {
  readonly database: Database;
  readonly providers: Providers;
  readonly effects: Omit<EffectContext, "tx" | "provider">;
  readonly maxAttempts: number;
}

export const PAYMENT_EVENT_TASK = "payment-event";

interface Told {
  readonly provider: string;
  readonly facts: readonly PaymentFact[];
}

export function paymentEventTask(options: EventTaskOptions): TaskDefinition<Told> {
  const { database, providers, effects, maxAttempts } = options;
  return defineTask<Told>({
    name: PAYMENT_EVENT_TASK,
    async load({ payload, attempt, signal }) {
      const { provider, event } = await readEvent(database, eventId(payload));
      const mayAssume = payload["recheck"] !== true;
      const knowsPrice = (id: string): boolean => effects.catalog.price(id) !== undefined;
      const facts = await providers.require(provider).load(event, { attempt, signal, mayAssume, knowsPrice });
      return { provider, facts };
    },
    async run({ tx, loaded: { provider, facts }, payload }) {
      for (const fact of facts) await applyFact({ ...effects, provider, tx }, fact);
      await markHandled(tx, { provider, eventId: eventId(payload), facts, personalFields: providers.personalFields });
      // What was given on the event's word alone is looked at again until the provider answers.
      if (facts.some((fact) => fact.kind === "checkout_paid" && fact.assumed)) {
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
