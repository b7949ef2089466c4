// What distribution needs of a plan, and how it is handed to the database.

/** Unused credits of a period that go on into the next. */
export interface RolloverTerms {
  /** At the most so many, for each unit of the quantity. */
  readonly max: number;
  /** At the least so many, also when fewer were left; default 0. */
  readonly min?: number | undefined;
}

export interface PlanTerms {
  readonly id: string;
  /** Credits of one month. */
  readonly credits: number;
  readonly validDays: number | null;
  /** With it, a period's credits end with the period, and what is unused goes on. */
  readonly rollover?: RolloverTerms | null | undefined;
}

export function planTerms(plans: readonly PlanTerms[]): string {
  return JSON.stringify(
    plans.map(({ id, credits, validDays, rollover = null }) => ({ planId: id, credits, validDays, rollover })),
  );
}
