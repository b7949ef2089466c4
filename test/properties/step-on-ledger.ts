// Takes a step on the ledger, and answers in the model's words.
import { callFunction } from "../../src/credits/context.ts";
import type { Credits } from "../../src/credits/index.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { hour } from "./ledger-fixture.ts";
import type { Names } from "./ledger-picture.ts";
import type { Answer } from "./model/state.ts";
import { PAID, type Meant, type Sweep } from "./step-on-model.ts";
import type { SingleStep } from "./steps.ts";

export interface Taking {
  readonly credits: Credits;
  readonly database: Database;
  /** The caller's transaction. */
  readonly tx: Queryable | undefined;
  readonly now: number;
  readonly meant: Meant;
  readonly names: Names;
}

/** Takes a step that is one transaction; a refusal is an answer, any other error is thrown. */
export async function takeSingle(taking: Taking, step: SingleStep): Promise<Answer> {
  try {
    return await call(taking, step);
  } catch (error) {
    if (isTallystickError(error) && error.status < 500) return { refused: error.code };
    throw error;
  }
}

async function call(taking: Taking, step: SingleStep): Promise<Answer> {
  const { credits, database, tx, now, meant, names } = taking;
  const options = { tx };
  const at = (hours: number | null): Date | undefined => (hours === null ? undefined : new Date(now + hours * hour));
  const idOf = (name: string | undefined): string => names.idOf.get(name ?? "") ?? "987654321";
  switch (step.take) {
    case "grant": {
      const { amount, priority, scope, expiresIn, effectiveIn, key } = step;
      const times = { expiresAt: at(expiresIn), effectiveAt: at(effectiveIn) };
      const terms = { amount, priority, ...times, ...optional({ scope: scope && [scope], idempotencyKey: key }) };
      return answer(credits.grant({ ...account(step.account), ...terms, type: "adjustment" }, options));
    }
    case "pay":
      return pay(tx ?? database, step, at(step.expiresIn));
    case "consume":
      return answer(credits.consume(spending(step), options));
    case "adjust": {
      const { amount, priority, feature, scope, expiresIn, key } = step;
      const terms =
        amount > 0
          ? { priority, expiresAt: at(expiresIn), ...optional({ scope: scope && [scope] }) }
          : optional({ feature });
      const person = { actor: "operator", reason: "test" };
      const input = { ...account(step.account), ...terms, ...person, amount, ...optional({ idempotencyKey: key }) };
      return answer(credits.adjust(input, options));
    }
    case "hold":
      return answer(credits.hold({ ...spending(step), expiresAt: new Date(now + step.hours * hour) }, options));
    case "capture": {
      const { amount, overage, key } = step;
      const terms = optional({ amount, overage, idempotencyKey: key });
      return answer(credits.capture({ holdId: idOf(meant.hold), ...terms }, options));
    }
    case "void":
      return answer(credits.void({ holdId: idOf(meant.hold), ...optional({ idempotencyKey: step.key }) }, options));
    case "refund":
      return answer(credits.refund({ transactionId: idOf(meant.debit), ...refundTerms(step) }, options));
    case "refundByKey": {
      const { debitKey } = step;
      return answer(credits.refund({ ...account(step.account), debitKey, ...refundTerms(step) }, options));
    }
    case "settle": {
      const { payment, returned, policy } = step;
      const terms = { paymentId: String(payment), paid: PAID, returned, ...optional({ policy }) };
      return answer(credits.settleReturns(terms, options));
    }
    case "merge": {
      const { userId: fromUserId, unit } = account(step.from);
      const { userId: toUserId } = account(step.to);
      return answer(credits.merge({ fromUserId, toUserId, unit, actor: "operator", reason: "test" }, options));
    }
    case "freeze": {
      const input = { ...account(step.account), actor: "operator", reason: "test" };
      return answer(step.frozen ? credits.freeze(input, options) : credits.unfreeze(input, options));
    }
    case "limit": {
      const { amount, period, timeZone, member } = step;
      const input = { ...account(step.account), amount, period, ...optional({ member, timeZone }) };
      return answer(credits.setLimit(input, options));
    }
    case "enrol":
      return answer(credits.enrol({ ...account(step.account), planId: step.plan }, options));
  }
}

// Payments grant through the stored function: the port that payment events use sets priority and times itself.
async function pay(
  queryable: Queryable,
  step: Extract<SingleStep, { take: "pay" }>,
  expiresAt: Date | undefined,
): Promise<Answer> {
  const { userId, unit } = account(step.account);
  const { outcome, ...answered } = await callFunction<Record<string, unknown>>(queryable, "grant_credits", {
    p_user_id: userId,
    p_unit: unit,
    p_type: "purchase_package",
    p_amount: step.amount,
    p_priority: step.priority,
    p_scope: step.scope === null ? undefined : [step.scope],
    p_expires_at: expiresAt,
    p_payment_id: step.payment,
    p_provider: "test",
    p_fact: step.fact,
  });
  return outcome === "ok" ? answered : { refused: outcome };
}

/** Takes a step over all accounts. */
export async function takeSweep({ credits }: Pick<Taking, "credits">, step: Sweep): Promise<Answer> {
  switch (step.take) {
    case "wait":
      return {};
    case "expire":
      return { count: (await credits.expire(step)).expired };
    case "distribute":
      return { count: (await credits.distribute(step)).count };
    case "releaseHolds":
      return { count: (await credits.releaseHolds(step)).released };
  }
}

function account(name: string): { userId: string; unit: string } {
  const [userId = "", unit = ""] = name.split("/");
  return { userId, unit };
}

function spending(step: Extract<SingleStep, { take: "consume" | "hold" }>) {
  const { amount, feature, member, key } = step;
  return { ...account(step.account), amount, ...optional({ feature, member, idempotencyKey: key }) };
}

function refundTerms({ amount, graceHours, key }: Extract<SingleStep, { take: "refund" | "refundByKey" }>) {
  return optional({ amount, graceHours, idempotencyKey: key });
}

/** What is null is left out, as a caller leaves it out. */
function optional<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

async function answer(outcome: Promise<object | void>): Promise<Answer> {
  return { ...(await outcome) };
}
