// Random histories with a moving clock: what balance answered at many moments is what balanceAt answers for them later.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { hour, openLedger, pass, type Ledger } from "./ledger-fixture.ts";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 60);

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-01-30T22:00:00Z") });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const user = fc.constantFrom("ann", "bob");
const amount = fc.constantFrom(1, 10, 25, 60);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      take: fc.constant("grant" as const),
      user,
      amount,
      priority: fc.constantFrom(0, 100, 100),
      effectiveIn: fc.constantFrom(null, null, 7, 30),
      expiresIn: fc.constantFrom(null, 31, 40, 200),
    }),
  },
  { weight: 6, arbitrary: fc.record({ take: fc.constant("consume" as const), user, amount }) },
  { weight: 3, arbitrary: fc.record({ take: fc.constant("wait" as const), hours: fc.constantFrom(1, 7, 24, 31) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constant("expire" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function takeStep(next: Step, named: (user: string) => string): Promise<void> {
  const now = ledger.now?.getTime() ?? 0;
  const inHours = (hours: number | null): Date | undefined =>
    hours === null ? undefined : new Date(now + hours * hour);
  switch (next.take) {
    case "grant":
      await ledger.credits.grant({
        userId: named(next.user),
        amount: next.amount,
        type: "purchase_package",
        priority: next.priority,
        effectiveAt: inHours(next.effectiveIn),
        expiresAt: inHours(next.expiresIn),
      });
      return;
    case "consume":
      await ledger.credits.consume({ userId: named(next.user), amount: next.amount });
      return;
    case "wait":
      pass(ledger, next.hours * hour);
      return;
    case "expire":
      await ledger.credits.expire();
  }
}

describe("balanceAt", () => {
  it(`answers what balance answered at that moment, over ${numRuns} random histories`, async () => {
    let run = 0;
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: "max" }), async (steps) => {
      run += 1;
      const named = (name: string): string => `${name}-${run}`;
      const users = [named("ann"), named("bob")];
      const answered: { userId: string; at: Date; balance: unknown }[] = [];
      for (const next of steps) {
        await takeStep(next, named).catch((error: unknown) => {
          if (!isTallystickError(error)) throw error; // a refusal is an outcome
        });
        for (const userId of users) {
          answered.push({ userId, at: ledger.now ?? new Date(0), balance: await ledger.credits.balance({ userId }) });
        }
        pass(ledger, 1);
      }
      for (const { userId, at, balance } of answered) {
        const { book: _book, at: asked, ...then } = await ledger.credits.balanceAt({ userId, at });
        expect({ at: asked, then }).toEqual({ at, then: balance });
      }
    });
    await expect(fc.assert(property, { numRuns })).resolves.toBeUndefined();
    expect((await ledger.credits.audit()).violations).toEqual([]);
  }, 300_000);
});
