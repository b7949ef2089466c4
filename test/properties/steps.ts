// Random steps of a history. Few values, so that keys meet again with the same and with other parameters, and so that
// expiries, deadlines, payments and accounts coincide.
import fc from "fast-check";
import { MAX } from "./model/state.ts";

const account = fc.constantFrom(
  "ann/credit",
  "ann/credit",
  "ann/credit",
  "ann/credit",
  "ann/credit",
  "ann/credit",
  "bob/credit",
  "bob/credit",
  "bob/credit",
  "ann/token",
  "eve/credit",
);
const keys = fc.constantFrom("k1", "k2", "k3", "k4", "k5", "k6");
const key = fc.oneof(fc.constant(null), fc.constant(null), keys);
const member = fc.constantFrom(null, null, "m1", "m2");
const feature = fc.constantFrom(null, null, "image", "text");
const scope = fc.constantFrom(null, null, null, "image");
const priority = fc.constantFrom(0, 100, 100);
const small = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(1, 10, 10, 25, 60) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 200 }) },
);
const grantable = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(10, 60, 100, 200) },
  { weight: 1, arbitrary: fc.constantFrom(MAX, MAX - 40) },
);
/** Which of the holds or debits so far: the newest that are open or not refunded come first. */
const pick: fc.Arbitrary<number> = fc.constantFrom<number[]>(0, 0, 0, 1, 1, 2, 3, 5);
const partly = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 4, arbitrary: small });
const graceHours = fc.constantFrom(null, null, 0, 48);
const batchSize = fc.constantFrom(1, 2, 2000);
const payment = fc.constantFrom(1, 1, 2);

function take<const T extends string>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

const grant = fc.record({
  take: take("grant"),
  account,
  amount: grantable,
  key,
  priority,
  scope,
  effectiveIn: fc.constantFrom(null, null, null, null, null, null, -5, 0, 7, 30),
  expiresIn: fc.constantFrom(null, null, null, 7, 24, 31, 31, 200, 200, 200, -1),
});
const pay = fc.record({
  take: take("pay"),
  account,
  amount: fc.constantFrom(50, 100, 333),
  payment,
  priority,
  scope,
  fact: fc.constantFrom<string[]>("1", "2", "3", "4", "5", "6", "7", "8"),
  expiresIn: fc.constantFrom(null, 31, 200),
});
const consume = fc.record({ take: take("consume"), account, amount: small, feature, member, key });
const adjust = fc.record({
  take: take("adjust"),
  account,
  feature,
  priority,
  scope,
  key,
  amount: fc.constantFrom(10, 60, -1, -10, -25),
  expiresIn: fc.constantFrom(null, 31, -1),
});
const hold = fc.record({
  take: take("hold"),
  account,
  amount: small,
  feature,
  member,
  key,
  hours: fc.constantFrom(1, 7, 24, 100),
});
const capture = fc.record({
  take: take("capture"),
  pick,
  amount: partly,
  key,
  overage: fc.constantFrom(null, "refuse" as const, "consume" as const, "consume" as const),
});
const voidHold = fc.record({ take: take("void"), pick, key });
const refund = fc.record({ take: take("refund"), pick, amount: partly, graceHours, key });
const refundByKey = fc.record({
  take: take("refundByKey"),
  account,
  amount: partly,
  graceHours,
  key,
  debitKey: keys,
});
const settle = fc.record({
  take: take("settle"),
  payment,
  /** Of 999 paid. */
  returned: fc.constantFrom(0, 333, 500, 999, 999),
  policy: fc.constantFrom(null, "debt" as const, "forgive" as const),
});
const merge = fc.record({ take: take("merge"), from: account, to: account });
const freeze = fc.record({ take: take("freeze"), account, frozen: fc.constantFrom(true, false, false) });
const limit = fc.record({
  take: take("limit"),
  account,
  member: fc.constantFrom(null, "m1"),
  period: fc.constantFrom("day" as const, "week" as const, "month" as const),
  amount: fc.constantFrom(null, 0, 60, 60, 100, 200),
  timeZone: fc.constantFrom(null, null, null, null, "Pacific/Auckland", "America/New_York"),
});
const enrol = fc.record({ take: take("enrol"), account, plan: fc.constantFrom("free", "keep") });
const wait = fc.record({ take: take("wait"), hours: fc.constantFrom(1, 1, 7, 7, 7, 24, 24, 31, 100, 31 * 24) });
const expire = fc.record({ take: take("expire"), batchSize });
const distribute = fc.record({ take: take("distribute"), batchSize });
const releaseHolds = fc.record({ take: take("releaseHolds"), batchSize });

/** Each is one transaction of the ledger. */
const single = fc.oneof(
  { weight: 6, arbitrary: grant },
  { weight: 6, arbitrary: pay },
  { weight: 12, arbitrary: consume },
  { weight: 4, arbitrary: adjust },
  { weight: 12, arbitrary: hold },
  { weight: 8, arbitrary: capture },
  { weight: 3, arbitrary: voidHold },
  { weight: 8, arbitrary: refund },
  { weight: 5, arbitrary: refundByKey },
  { weight: 9, arbitrary: settle },
  { weight: 3, arbitrary: merge },
  { weight: 2, arbitrary: freeze },
  { weight: 4, arbitrary: limit },
  { weight: 2, arbitrary: enrol },
);

const step = fc.oneof(
  { weight: 76, arbitrary: single },
  /** The same request once more, of those that had a key: 1 is the newest. */
  { weight: 4, arbitrary: fc.record({ take: take("again"), back: fc.constantFrom(1, 1, 2, 4) }) },
  { weight: 9, arbitrary: wait },
  { weight: 4, arbitrary: expire },
  { weight: 2, arbitrary: distribute },
  { weight: 3, arbitrary: releaseHolds },
  /** Its statement is aborted at a write in its middle. */
  { weight: 4, arbitrary: fc.record({ take: take("abort"), step: single, atWrite: fc.integer({ min: 1, max: 9 }) }) },
  /** Its backend is terminated before the commit. */
  { weight: 1, arbitrary: fc.record({ take: take("kill"), step: single }) },
  /** Steps in one transaction of the caller's. */
  {
    weight: 5,
    arbitrary: fc.record({
      take: take("together"),
      steps: fc.array(single, { minLength: 1, maxLength: 4 }),
      commit: fc.boolean(),
    }),
  },
);

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;
export type SingleStep = Of<typeof single>;
export type Step = Of<typeof step>;

export function isSingle(taken: Step): taken is SingleStep {
  return !["wait", "expire", "distribute", "releaseHolds", "again", "abort", "kill", "together"].includes(taken.take);
}

const funding = fc.oneof(
  { weight: 1, arbitrary: grant },
  { weight: 1, arbitrary: pay },
  { weight: 3, arbitrary: grant.map((given) => ({ ...given, effectiveIn: null, expiresIn: null, scope: null })) },
);
const between = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step[]>([]) },
  { weight: 1, arbitrary: step.map((one): Step[] => [one]) },
);

// Steps that have something to do with one another, or too few histories would hold, owe, refund and settle.
const episode: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 12, arbitrary: step.map((one): Step[] => [one]) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(hold, between, fc.oneof(capture, capture, voidHold))
      .map(([first, wait_, last]) => [first, ...wait_, { ...last, pick: 0 }]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.oneof(consume, consume, adjust), between, refund)
      .map(([first, wait_, last]) => [first, ...wait_, last]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.oneof(consume, adjust), keys, between, refundByKey)
      .map(([first, debitKey, wait_, last]) => [
        { ...first, key: debitKey },
        ...wait_,
        { ...last, account: first.account, debitKey },
      ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pay, consume, between, settle, between, settle)
      .map(([first, spent, wait_, second, more, third]) => [
        first,
        { ...spent, account: first.account, amount: first.amount },
        ...wait_,
        { ...second, payment: first.payment },
        ...more,
        { ...third, payment: first.payment },
      ]),
  },
  // Owed, and held: what the hold's end does not pay may be forgiven. On accounts that have little else.
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("eve/credit", "ann/token"),
        fc.tuple(pay, pay, hold, fc.constantFrom(null, 31, 31)),
        fc.tuple(settle, between, settle, between, fc.constantFrom("debt" as const, "forgive" as const)),
        fc.tuple(fc.oneof(capture, voidHold, wait, wait), between, fc.oneof(capture, voidHold, releaseHolds)),
      )
      .map(([owner, [one, two, held, expiresIn], [first, wait_, second, more, policy], [end, again, last]]): Step[] => [
        { ...one, account: owner, payment: 1, fact: `${one.fact} held`, scope: null, expiresIn },
        { ...two, account: owner, payment: 2, fact: `${two.fact} held`, scope: null },
        { ...held, account: owner, amount: 60, member: null },
        { ...first, payment: 1, returned: 999, policy: "forgive" },
        ...wait_,
        { ...second, payment: 2, returned: 999, policy },
        ...more,
        end,
        ...again,
        last,
      ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(limit, fc.oneof(consume, hold), between, fc.oneof(consume, hold))
      .map(([first, spent, wait_, more]) => [
        first,
        { ...spent, account: first.account },
        ...wait_,
        { ...more, account: first.account, member: spent.member },
      ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.oneof(merge, fc.constant({ take: "merge" as const, from: "ann/credit", to: "bob/credit" })), step)
      .map(([first, last]) => [first, last]),
  },
);

/** Something to spend comes first, or most steps would be refused. */
export const histories: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(funding, { minLength: 0, maxLength: 5, size: "max" }),
    fc.array(episode, { minLength: 1, maxLength: 24, size: "max" }),
  )
  .map(([first, rest]) => [...first, ...rest.flat()]);
