// Hooks: what the product does in its own process when something has happened, typed by event.
import type { Database, Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { eventTypes, type EventType, type OutgoingEvent } from "../kernel/outgoing-event.ts";
import { defineTask, discard, retryLater, type TaskDefinition } from "../tasks/task.ts";

/**
 * A hook for each type of event. `tx` is the transaction that makes the call count: what is written through it is written
 * exactly once. Of `payment.*` and `subscription.*` it is the transaction of the effect itself, which a hook that throws
 * undoes and has tried again. All others are told from an outbox right after the commit, at least once each, and again
 * after a hook that throws.
 */
export type EventHooks = {
  readonly [Type in EventType]?:
    | ((event: OutgoingEvent<Type>, context: { readonly tx: Queryable }) => Promise<void> | void)
    | undefined;
};

export type AnyHook = (event: OutgoingEvent, context: { readonly tx: Queryable }) => Promise<void> | void;

export const HOOK_TASK = "call-hook";

// As for a task of another version of the product: it waits for a process that knows it.
const ABSENT_DELAY_MS = 30_000;

/** Checks hooks when the product starts. @throws invalid_request */
export function checkHooks(hooks: EventHooks): void {
  for (const [type, hook] of Object.entries(hooks)) {
    if (!(eventTypes as readonly string[]).includes(type)) {
      throw new TallystickError("invalid_request", `on: there is no type of event ${type}.`);
    }
    if (hook !== undefined && typeof hook !== "function") {
      throw new TallystickError("invalid_request", `on: the hook of ${type} must be a function.`);
    }
  }
}

export function hookOf(hooks: EventHooks, type: EventType): AnyHook | undefined {
  return hooks[type] as AnyHook | undefined;
}

/** The types that have a hook. */
export function hookedTypes(hooks: EventHooks): EventType[] {
  return eventTypes.filter((type) => hookOf(hooks, type) !== undefined);
}

/** Whether an event's hook runs in the transaction that announces it. */
export function runsWithEffect(type: EventType): boolean {
  return /^(payment|subscription)\./.test(type);
}

/** The task that calls a hook for an event that no effect waits for. */
export function hookTask(database: Database, hooks: EventHooks): TaskDefinition<OutgoingEvent> {
  return defineTask<OutgoingEvent>({
    name: HOOK_TASK,
    async load({ payload }) {
      const [event] = await database.query<OutgoingEvent>(
        `select event_key as key, type, occurred_at as timestamp, data from tallystick.outgoing_event
         where id = $1 and data is not null`,
        [payload["eventId"]],
      );
      if (event === undefined) throw discard("the event has been forgotten");
      if (hookOf(hooks, event.type) === undefined) {
        throw retryLater(`no hook for ${event.type} is configured here`, ABSENT_DELAY_MS);
      }
      return withDates(event);
    },
    async run({ tx, loaded }) {
      await hookOf(hooks, loaded.type)?.(loaded, { tx });
    },
  });
}

// Stored as JSON, where a moment is a text; by their names, which end in At.
function withDates(event: OutgoingEvent): OutgoingEvent {
  const data = Object.fromEntries(
    Object.entries(event.data).map(([name, value]) => [
      name,
      name.endsWith("At") && typeof value === "string" ? new Date(value) : value,
    ]),
  );
  return { ...event, data } as OutgoingEvent;
}
