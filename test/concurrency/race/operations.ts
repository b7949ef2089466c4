// The writing operations that are raced, each as one call on a subject: a copy of a prepared state.
import type { Credits } from "../../../src/credits/index.ts";
import { grantForFact } from "../../../src/credits/grant.ts";
import type { Database } from "../../../src/db/database.ts";

/** A copy of a prepared state: whose accounts they are and which of its things the operations name. */
export interface Subject {
  readonly copy: number;
  readonly userId: string;
  readonly otherId: string;
  readonly paymentId: number;
  readonly holdId: string;
  /** No keys, a key for each operation, or one key for all of them. */
  readonly keys: "none" | "own" | "shared";
}

/** What a process races with. */
export interface Racer {
  readonly credits: Credits;
  readonly database: Database;
}

type Operation = (racer: Racer, subject: Subject, key: string | undefined) => Promise<unknown>;

const who = { actor: "ann", reason: "race" };

export const operations = {
  grant: async ({ credits }, { userId }, idempotencyKey) =>
    credits.grant({ userId, amount: 12, type: "purchase_package", idempotencyKey, description: "pack" }),
  grantPaid: async ({ database }, { userId, paymentId, copy }) =>
    database.transaction(async (tx) =>
      grantForFact(tx, {
        userId,
        amount: 30,
        type: "purchase_package",
        validDays: 365,
        paymentId,
        provider: "race",
        fact: `${copy}/late`,
        description: "late",
      }),
    ),
  consume: async ({ credits }, { userId }, idempotencyKey) =>
    credits.consume({ userId, amount: 25, feature: "chat", idempotencyKey, description: "chat" }),
  consumeMany: async ({ credits }, { userId, otherId }, idempotencyKey) => {
    const outcomes = await credits.consumeMany([
      { userId, amount: 15, feature: "chat", idempotencyKey, description: "chat" },
      { userId: otherId, amount: 2, idempotencyKey },
      { userId, amount: 9, idempotencyKey: idempotencyKey && `${idempotencyKey}-again` },
    ]);
    return outcomes.map((outcome) =>
      outcome.ok ? outcome : { code: outcome.error.code, details: outcome.error.details },
    );
  },
  hold: async ({ credits }, { userId }, idempotencyKey) =>
    credits.hold({ userId, amount: 25, feature: "chat", expiresInSeconds: 7 * 86_400, idempotencyKey }),
  capture: async ({ credits }, { holdId }, idempotencyKey) => credits.capture({ holdId, amount: 4, idempotencyKey }),
  void: async ({ credits }, { holdId }, idempotencyKey) => credits.void({ holdId, idempotencyKey }),
  refund: async ({ credits }, { userId }, idempotencyKey) =>
    credits.refund({ userId, debitKey: "spent", amount: 8, idempotencyKey, description: "failed" }),
  returnMore: async ({ credits }, { paymentId }) =>
    credits.settleReturns({ paymentId: String(paymentId), paid: 90, returned: 90 }),
  returnLess: async ({ credits }, { paymentId }) =>
    credits.settleReturns({ paymentId: String(paymentId), paid: 90, returned: 0 }),
  adjustUp: async ({ credits }, { userId }, idempotencyKey) =>
    credits.adjust({ userId, amount: 9, ...who, idempotencyKey }),
  adjustDown: async ({ credits }, { userId }, idempotencyKey) =>
    credits.adjust({ userId, amount: -21, ...who, idempotencyKey }),
  freeze: async ({ credits }, { userId }) => credits.freeze({ userId, ...who }),
  unfreeze: async ({ credits }, { userId }) => credits.unfreeze({ userId, ...who }),
  mergeInto: async ({ credits }, { userId, otherId }) =>
    credits.merge({ fromUserId: userId, toUserId: otherId, ...who }),
  mergeFrom: async ({ credits }, { userId, otherId }) =>
    credits.merge({ fromUserId: otherId, toUserId: userId, ...who }),
  setLimit: async ({ credits }, { userId }) => credits.setLimit({ userId, period: "month", amount: 60 }),
  enrol: async ({ credits }, { userId }) => credits.enrol({ userId, planId: "keep" }),
  erase: async ({ credits }, { userId }) => credits.erase({ userId }),
  expire: async ({ credits }) => credits.expire(),
  releaseHolds: async ({ credits }) => credits.releaseHolds(),
  distribute: async ({ credits }) => credits.distribute(),
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

export const operationNames = Object.keys(operations) as OperationName[];

/** Operations on whatever is due in the whole database. They pass over accounts that are busy and say what remains. */
export const sweeps: readonly OperationName[] = ["expire", "releaseHolds", "distribute"];

export async function perform(name: OperationName, racer: Racer, subject: Subject): Promise<unknown> {
  const operation: Operation = operations[name];
  return operation(racer, subject, { none: undefined, own: `key-${name}`, shared: "key" }[subject.keys]);
}
