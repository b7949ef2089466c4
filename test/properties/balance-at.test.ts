// Random histories with a moving clock: what balance answered at many moments is what balanceAt answers for them later.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callFunction } from "../../src/credits/context.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { hour, openLedger, pass, type Ledger } from "./ledger-fixture.ts";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 40);

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-01-30T22:00:00Z") });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const user = fc.constantFrom("ann", "bob", "cat");
const place = fc.nat({ max: 3 });
const amount = fc.constantFrom(1, 10, 25, 60);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      take: fc.constant("grant" as const),
      user,
      amount: fc.constantFrom(10, 60, 200),
      priority: fc.constantFrom(0, 100, 100),
      effectiveIn: fc.constantFrom(null, null, 7, 30),
      expiresIn: fc.constantFrom(null, null, 31, 200),
      payment: fc.constantFrom(null, 1, 2),
    }),
  },
  { weight: 6, arbitrary: fc.record({ take: fc.constant("consume" as const), user, amount }) },
  { weight: 3, arbitrary: fc.record({ take: fc.constant("wait" as const), hours: fc.constantFrom(1, 7, 24, 31) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("expire" as const) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("release" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ take: fc.constant("hold" as const), user, amount, hours: fc.constantFrom(1, 8, 48) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ take: fc.constant("capture" as const), place, amount: fc.constantFrom(1, 10, 30) }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("void" as const), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ take: fc.constant("refund" as const), place, amount: fc.constantFrom(null, 1, 7) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      take: fc.constant("return" as const),
      payment: fc.constantFrom(1, 2),
      returned: fc.constantFrom(0, 333, 999),
      policy: fc.constantFrom("debt" as const, "forgive" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ take: fc.constant("adjust" as const), user, amount: fc.constantFrom(-20, -3, 15) }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("merge" as const), user, to: user }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One history: its own users and payments, and what it may settle and refund. */
interface Story {
  readonly run: number;
  readonly holds: string[];
  readonly debits: string[];
}

const named = (story: Story, name: string): string => `${name}-${story.run}`;
const by = { actor: "test", reason: "to see" };

async function takeStep(next: Step, story: Story): Promise<void> {
  const { credits } = ledger;
  const inHours = (hours: number | null): Date | undefined =>
    hours === null ? undefined : new Date((ledger.now?.getTime() ?? 0) + hours * hour);
  switch (next.take) {
    case "grant":
      await grantStep(next, story);
      return;
    case "consume":
      story.debits.unshift(
        (await credits.consume({ userId: named(story, next.user), amount: next.amount })).transactionId,
      );
      return;
    case "wait":
      pass(ledger, next.hours * hour);
      return;
    case "expire":
      await credits.expire();
      return;
    case "release":
      await credits.releaseHolds();
      return;
    case "hold": {
      const userId = named(story, next.user);
      story.holds.unshift((await credits.hold({ userId, amount: next.amount, expiresAt: inHours(next.hours) })).id);
      return;
    }
    case "capture": {
      const captured = await credits.capture({
        holdId: story.holds[next.place] ?? "0",
        amount: next.amount,
        overage: "consume",
      });
      if (captured.transactionId !== null) story.debits.unshift(captured.transactionId);
      return;
    }
    case "void":
      await credits.void({ holdId: story.holds[next.place] ?? "0" });
      return;
    case "refund":
      await credits.refund({ transactionId: story.debits[next.place] ?? "0", amount: next.amount ?? undefined });
      return;
    case "return":
      await credits.settleReturns({
        paymentId: String(story.run * 10 + next.payment),
        paid: 999,
        returned: next.returned,
        policy: next.policy,
      });
      return;
    case "adjust":
      await credits.adjust({ userId: named(story, next.user), amount: next.amount, ...by });
      return;
    case "merge":
      await credits.merge({ fromUserId: named(story, next.user), toUserId: named(story, next.to), ...by });
  }
}

async function grantStep(next: Extract<Step, { take: "grant" }>, story: Story): Promise<void> {
  const now = ledger.now?.getTime() ?? 0;
  await callFunction(ledger.database, "grant_credits", {
    p_user_id: named(story, next.user),
    p_amount: next.amount,
    p_type: "purchase_package",
    p_priority: next.priority,
    p_effective_at: next.effectiveIn === null ? undefined : new Date(now + next.effectiveIn * hour),
    p_expires_at: next.expiresIn === null ? undefined : new Date(now + next.expiresIn * hour),
    p_payment_id: next.payment === null ? undefined : story.run * 10 + next.payment,
  });
}

const kinds =
  "purchase_package usage expire refund clawback reinstate adjustment transfer_in transfer_out captured voided expired".split(
    " ",
  );

// Every kind at least once, whatever chance brings.
const whole: Step[] = [
  { take: "grant", user: "ann", amount: 60, priority: 100, effectiveIn: null, expiresIn: 31, payment: 1 },
  { take: "hold", user: "ann", amount: 10, hours: 48 },
  { take: "capture", place: 0, amount: 1 },
  { take: "hold", user: "ann", amount: 10, hours: 48 },
  { take: "void", place: 0 },
  { take: "hold", user: "ann", amount: 10, hours: 1 },
  { take: "wait", hours: 7 },
  { take: "release" },
  { take: "consume", user: "ann", amount: 25 },
  { take: "refund", place: 0, amount: 7 },
  { take: "return", payment: 1, returned: 999, policy: "debt" },
  { take: "return", payment: 1, returned: 333, policy: "debt" },
  { take: "adjust", user: "ann", amount: 15 },
  { take: "merge", user: "ann", to: "bob" },
  { take: "wait", hours: 31 },
  { take: "expire" },
];

// Debt that is forgiven when its hold has ended, when its lot has expired, and by the policy of its own time.
const forgiven: Step[] = [
  { take: "grant", user: "ann", amount: 60, priority: 100, effectiveIn: null, expiresIn: null, payment: 1 },
  { take: "grant", user: "ann", amount: 60, priority: 0, effectiveIn: null, expiresIn: 31, payment: 2 },
  { take: "hold", user: "ann", amount: 60, hours: 48 },
  { take: "hold", user: "ann", amount: 25, hours: 8 },
  { take: "hold", user: "ann", amount: 10, hours: 48 },
  { take: "return", payment: 2, returned: 999, policy: "forgive" },
  { take: "return", payment: 1, returned: 333, policy: "debt" },
  { take: "return", payment: 1, returned: 999, policy: "forgive" },
  { take: "return", payment: 1, returned: 999, policy: "debt" },
  { take: "wait", hours: 24 },
  { take: "wait", hours: 7 },
  { take: "capture", place: 0, amount: 1 },
  { take: "wait", hours: 24 },
  { take: "expire" },
];

describe("balanceAt", () => {
  it(`answers what balance answered at that moment, over ${numRuns} random histories`, async () => {
    let run = 0;
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: "max" }), async (steps) => {
      run += 1;
      const story: Story = { run, holds: [], debits: [] };
      const users = ["ann", "bob", "cat"].map((name) => named(story, name));
      const answered: { userId: string; at: Date; balance: unknown }[] = [];
      for (const next of steps) {
        await takeStep(next, story).catch((error: unknown) => {
          if (!isTallystickError(error)) throw error; // a refusal is an outcome
        });
        for (const userId of users) {
          answered.push({ userId, at: ledger.now ?? new Date(0), balance: await ledger.credits.balance({ userId }) });
        }
        pass(ledger, 1);
      }
      for (const { userId, at, balance } of answered) {
        const { book: _book, at: asked, ...past } = await ledger.credits.balanceAt({ userId, at });
        expect({ at: asked, balance: past }).toEqual({ at, balance });
      }
    });
    await expect(fc.assert(property, { numRuns, examples: [[whole], [forgiven]] })).resolves.toBeUndefined();
    // The histories were not made of refusals: each kind of entry and each end of a hold happened.
    const happened = await ledger.database.query<{ kind: string; n: number }>(
      `select type as kind, count(*) as n from tallystick.credit_transaction group by 1
       union all select status, count(*) from tallystick.credit_hold group by 1`,
    );
    expect(happened.map(({ kind }) => kind)).toEqual(expect.arrayContaining(kinds));
  }, 300_000);
});
