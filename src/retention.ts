// What the ticks remove because it ended long ago, each part for the days that the product says.
import type { Database } from "./db/database.ts";
import { removeTold } from "./notification/retention.ts";
import type { TallystickOptions } from "./options.ts";
import { DELIVER_EVENT_TASK } from "./outgoing/deliver.ts";
import { PAYMENT_EVENT_TASK } from "./payment/handle-event.ts";
import { removeEventBodies } from "./payment/retention.ts";
import { removeEndedTasks } from "./tasks/retention.ts";
import type { Maintenance } from "./tasks/tick.ts";

// They go with the event and the delivery that they belong to, which could not be replayed without them.
const owned: ReadonlySet<string> = new Set([PAYMENT_EVENT_TASK, DELIVER_EVENT_TASK]);

export function createRetention(
  database: Database,
  { notificationDays = 90, taskDays = 30, eventDays = 90 }: TallystickOptions,
  taskNames: readonly string[],
): Maintenance[] {
  const names = taskNames.filter((name) => !owned.has(name));
  const part = (
    name: string,
    days: number | false,
    remove: (days: number, budgetMs: number) => Promise<number>,
  ): Maintenance[] =>
    days === false ? [] : [{ name, run: async (budgetMs) => ({ removed: await remove(days, budgetMs) }) }];
  return [
    ...part("remove-notifications", notificationDays, async (days, budgetMs) => removeTold(database, days, budgetMs)),
    ...part("remove-tasks", taskDays, async (days, budgetMs) => removeEndedTasks(database, { names, days }, budgetMs)),
    ...part("remove-event-bodies", eventDays, async (days, budgetMs) => removeEventBodies(database, days, budgetMs)),
  ];
}
