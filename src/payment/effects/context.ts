// What every effect is given: the transaction of the event's task, and the configuration it reads.
import type { PlanTerms } from "../../credits/plan-terms.ts";
import type { Queryable } from "../../db/database.ts";
import type { Announcement, SubscriptionChanged } from "../../kernel/announcement.ts";
import type { Catalog } from "../catalog.ts";

export interface EffectContext {
  readonly tx: Queryable;
  readonly provider: string;
  readonly catalog: Catalog;
  readonly plans: readonly PlanTerms[];
  /** What becomes of credits that were spent already when their money goes back. */
  readonly returnPolicy: "debt" | "forgive";
  /** Writes an announcement to the outbox and calls its hook, in the effect's transaction. */
  readonly announce: (tx: Queryable, announcement: Announcement | SubscriptionChanged) => Promise<void>;
}
