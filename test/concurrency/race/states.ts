// The states that races begin from: each built once by the ledger itself, then kept aside to be copied.
import { createCredits, type Credits } from "../../../src/credits/index.ts";
import { grantForFact } from "../../../src/credits/grant.ts";
import { connect, type Database } from "../../../src/db/database.ts";
import { day, hour, plans } from "../../properties/ledger-fixture.ts";
import type { Subject } from "./operations.ts";

export const stateNames = ["rich", "short", "owing", "forgiving", "frozen", "alias", "absent"] as const;
export type StateName = (typeof stateNames)[number];

/** A state, how its accounts are called, and how keys are used. */
export interface RaceCase {
  readonly state: StateName;
  readonly keys: Subject["keys"];
}

export const raceCases: readonly RaceCase[] = [
  { state: "rich", keys: "none" },
  { state: "rich", keys: "own" },
  { state: "rich", keys: "shared" },
  { state: "short", keys: "own" },
  { state: "owing", keys: "none" },
  { state: "forgiving", keys: "none" },
  { state: "frozen", keys: "none" },
  { state: "alias", keys: "own" },
  { state: "absent", keys: "own" },
];

/** The payment that every state knows or will know. */
export const PAYMENT = 7;

interface Builder {
  readonly credits: Credits;
  readonly database: Database;
  at(offsetMs: number): void;
  pay(userId: string, amount: number): Promise<void>;
}

const who = { actor: "ann", reason: "prepared" };

// What each builds for "u", whom the operations name ("w" in `alias`), and "v". It answers the hold to be settled.
const builders: Readonly<Record<StateName, (builder: Builder) => Promise<string>>> = {
  // Something of everything: an expired lot and a hold past its deadline that no sweep has booked, a due enrolment, a
  // payment that returned a third, a limit, an open hold. Of two debits at most one can be paid.
  async rich({ credits, database, at, pay }) {
    at(-2 * day);
    await credits.grant({ userId: "u", amount: 15, type: "register_gift", expiresAt: new Date(Date.now() - day) });
    at(-hour);
    await credits.grant({ userId: "u", amount: 40, type: "adjustment", expiresAt: new Date(Date.now() + 30 * day) });
    await credits.grant({ userId: "u", amount: 20, type: "adjustment", scope: ["chat"] });
    await pay("u", 60);
    await credits.grant({ userId: "u", amount: 6, type: "adjustment", effectiveAt: new Date(Date.now() + 2 * day) });
    await credits.setLimit({ userId: "u", period: "month", amount: 500 });
    await credits.consume({ userId: "u", amount: 50, idempotencyKey: "spent", description: "spent" });
    const { id } = await credits.hold({ userId: "u", amount: 10, feature: "chat", expiresInSeconds: 2 * 86_400 });
    await credits.hold({ userId: "u", amount: 8, expiresInSeconds: 60 });
    await credits.settleReturns({ paymentId: String(PAYMENT), paid: 90, returned: 30 });
    await credits.grant({ userId: "v", amount: 33, type: "adjustment", description: "v" });
    await database.query(
      `insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
       select id, 'free', 'monthly_refresh', moment, moment from tallystick.user_credit,
         (select clock_timestamp() - interval '1 hour' as moment) anchor where user_id = 'u'`,
    );
    return id;
  },
  // No open hold, so that it can be merged; of two debits one can be paid, and a limit would stop a third.
  async short({ credits, at, pay }) {
    at(-hour);
    await credits.grant({ userId: "v", amount: 5, type: "adjustment" });
    await pay("u", 50);
    await credits.consume({ userId: "u", amount: 25, idempotencyKey: "spent", description: "spent" });
    const { id } = await credits.hold({ userId: "u", amount: 5 });
    await credits.void({ holdId: id });
    return id;
  },
  async owing({ credits, at, pay }) {
    at(-hour);
    await pay("u", 60);
    await credits.consume({ userId: "u", amount: 55, idempotencyKey: "spent" });
    const { id } = await credits.hold({ userId: "u", amount: 5, expiresInSeconds: 2 * 86_400 });
    await credits.settleReturns({ paymentId: String(PAYMENT), paid: 90, returned: 90 });
    await credits.grant({ userId: "v", amount: 10, type: "adjustment" });
    return id;
  },
  // What its hold's end does not pay is forgiven then.
  async forgiving({ credits, at, pay }) {
    at(-hour);
    await pay("u", 60);
    await credits.consume({ userId: "u", amount: 25, idempotencyKey: "spent" });
    const { id } = await credits.hold({ userId: "u", amount: 35, expiresInSeconds: 2 * 86_400 });
    await credits.settleReturns({ paymentId: String(PAYMENT), paid: 90, returned: 90, policy: "forgive" });
    await credits.grant({ userId: "v", amount: 10, type: "adjustment" });
    return id;
  },
  // And v does not exist.
  async frozen({ credits, at }) {
    at(-hour);
    await credits.grant({ userId: "u", amount: 50, type: "adjustment" });
    await credits.consume({ userId: "u", amount: 10, idempotencyKey: "spent" });
    const { id } = await credits.hold({ userId: "u", amount: 5, expiresInSeconds: 2 * 86_400 });
    await credits.freeze({ userId: "u", ...who });
    return id;
  },
  // u is reached through w, whose row comes after it: whoever locks both by id meets whoever follows the alias.
  async alias({ credits, at, pay }) {
    at(-hour);
    await credits.grant({ userId: "u", amount: 30, type: "adjustment", description: "u" });
    await credits.grant({ userId: "w", amount: 20, type: "adjustment", description: "w" });
    await pay("w", 10);
    await credits.consume({ userId: "w", amount: 10, idempotencyKey: "spent", description: "spent" });
    await credits.merge({ fromUserId: "w", toUserId: "u", ...who });
    await credits.grant({ userId: "v", amount: 3, type: "adjustment" });
    return (await credits.hold({ userId: "w", amount: 5, expiresInSeconds: 2 * 86_400 })).id;
  },
  // u does not exist: whoever writes first makes it.
  async absent({ credits, at }) {
    at(-hour);
    await credits.grant({ userId: "v", amount: 10, type: "adjustment" });
    const { id } = await credits.hold({ userId: "v", amount: 5, expiresInSeconds: 2 * 86_400 });
    return id;
  },
};

/** Builds a state with the accounts "u", "v" and "w". Answers the id of its hold. */
export async function buildState(url: string, state: StateName): Promise<number> {
  let offset = 0;
  const database = connect(url, { poolSize: 2, clock: () => new Date(Date.now() + offset) });
  try {
    return Number(
      await builders[state]({
        database,
        credits: createCredits(database, plans),
        at(offsetMs) {
          offset = offsetMs;
        },
        async pay(userId, amount) {
          const lot = { userId, amount, type: "purchase_package", validDays: null, paymentId: PAYMENT } as const;
          await database.transaction(async (tx) =>
            grantForFact(tx, { ...lot, provider: "race", fact: "paid", description: "paid" }),
          );
        },
      }),
    );
  } finally {
    await database.close();
  }
}
