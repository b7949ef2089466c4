// What scenarios say and ask: payments that enrol, and the whole ledger as lines of text.
import { isDeepStrictEqual } from "node:util";
import type { AuditResult } from "../../src/credits/audit.ts";
import { enrolForFact, type EnrolResult, type FactEnrolInput } from "../../src/credits/enrol.ts";
import type { World } from "../properties/world.ts";
import type { PlanTerms } from "../../src/credits/plan-terms.ts";

/** Enrols for three paid months of the plan keep, unless told otherwise. */
export async function paid(
  { database }: World,
  plans: readonly PlanTerms[],
  input: { readonly [K in keyof FactEnrolInput]?: FactEnrolInput[K] | undefined } & { readonly fact: string },
): Promise<EnrolResult> {
  return database.transaction(async (tx) =>
    enrolForFact(tx, plans, {
      userId: "ann",
      planId: "keep",
      type: "subscription_renewal",
      quantity: 1,
      periodCount: 3,
      paymentId: 1,
      provider: "stripe",
      source: "sub",
      ...input,
    } as FactEnrolInput),
  );
}

const time = (column: string): string => `coalesce(to_char(${column} at time zone 'UTC', 'MM-DD HH24:MI'), '-')`;

const ledger = `
  select 1 as part, entry.id as n, concat_ws(' ', account.user_id || '#' || entry.seq, type, entry.amount, 'after', balance_after,
      'at', ${time("entry.created_at")}, regexp_replace(fact, ':.*:', ':n:'), 'payment ' || entry.payment_id, entry.description,
      'lot ' || remaining_amount || ' ' || ${time("effective_at")} || '..' || ${time("expiration_date")},
      'of ' || lot.payment_id) as line
    from tallystick.credit_transaction entry join tallystick.user_credit account on account.id = account_id
      left join tallystick.credit_lot lot on lot.id = entry.id
  union all
  select 2, id, concat_ws(' ', user_id, current_credits, 'debt', debt, 'shown', cached_balance, cached_available, 'held', cached_held, 'changes', ${time("nullif(next_change_at, 'infinity')")})
    from tallystick.user_credit
  union all
  select 3, enrolment.id, concat_ws(' ', 'enrolment', user_id, plan_id, 'from', ${time("anchor_at")}, first_period, period_count,
      'next', next_period, 'due', ${time("next_due_at")}, 'ends', ${time("period_ends_at")}, 'gave', period_credits,
      case when continues_id is not null then 'continues' end)
    from tallystick.credit_enrolment enrolment join tallystick.user_credit account on account.id = account_id
  order by part, n`;

/** Journal with lots, accounts and enrolments, one line each. */
export async function ledgerOf({ database, credits }: World): Promise<string[]> {
  const { violations } = await credits.audit();
  if (violations.length > 0) throw new Error(`audit: ${JSON.stringify(violations)}`);
  return (await database.query<{ line: string }>(ledger)).map(({ line }) => line);
}

export function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: ${JSON.stringify(actual, null, 1)} instead of ${JSON.stringify(expected)}`);
  }
}

// Everything is compared after every step; the audit, which costs as much as all steps together, is left to scenarios.
export function unaudited(world: World): World {
  const audit = async (): Promise<AuditResult> => ({ ok: true, accounts: 0, violations: [] });
  return { ...world, credits: { ...world.credits, audit } };
}
