// Steps of a history in few words, with the usual terms. The property draws few values of each; a scenario has any.
import type { SingleStep, Step } from "../properties/steps.ts";

type Of<T extends Step["take"]> = Extract<Step, { take: T }>;
type Wide<V> = V extends string ? string : V extends number ? number : V;
type Terms<T extends Step["take"]> = { [K in Exclude<keyof Of<T>, "take">]?: Wide<Of<T>[K]> };

function make<T extends Step["take"]>(take: T, terms: Required<Terms<T>>): Of<T> {
  return { take, ...terms } as unknown as Of<T>;
}

const account = "ann/credit";
const mine = { account, key: null };

export const grant = (amount: number, terms: Terms<"grant"> = {}): Of<"grant"> =>
  make("grant", { ...mine, amount, priority: 100, scope: null, effectiveIn: null, expiresIn: null, ...terms });

export const pay = (payment: number, amount: number, fact: string, terms: Terms<"pay"> = {}): Of<"pay"> =>
  make("pay", { account, amount, payment, priority: 100, scope: null, fact, expiresIn: null, ...terms });

export const consume = (amount: number, terms: Terms<"consume"> = {}): Of<"consume"> =>
  make("consume", { ...mine, amount, feature: null, member: null, ...terms });

export const adjust = (amount: number, terms: Terms<"adjust"> = {}): Of<"adjust"> =>
  make("adjust", { ...mine, amount, feature: null, priority: 100, scope: null, expiresIn: null, ...terms });

export const hold = (amount: number, hours = 100, terms: Terms<"hold"> = {}): Of<"hold"> =>
  make("hold", { ...mine, amount, feature: null, member: null, hours, ...terms });

export const capture = (amount: number | null, terms: Terms<"capture"> = {}): Of<"capture"> =>
  make("capture", { pick: 0, amount, key: null, overage: null, ...terms });

export const release = (terms: Terms<"void"> = {}): Of<"void"> => make("void", { pick: 0, key: null, ...terms });

/** Of the debit `pick` before the newest. */
export const refund = (amount: number | null, pick = 0, terms: Terms<"refund"> = {}): Of<"refund"> =>
  make("refund", { pick, amount, graceHours: null, key: null, ...terms });

export const refundByKey = (
  debitKey: string,
  amount: number | null,
  terms: Terms<"refundByKey"> = {},
): Of<"refundByKey"> => make("refundByKey", { ...mine, debitKey, amount, graceHours: null, ...terms });

/** So much of 999 paid went back. */
export const settle = (payment: number, returned: number, policy: string | null = null): Of<"settle"> =>
  make("settle", { payment, returned, policy });

export const merge = (from: string, to: string): Of<"merge"> => make("merge", { from, to });

export const wait = (hours: number): Of<"wait"> => make("wait", { hours });

export const limit = (amount: number, terms: Terms<"limit"> = {}): Of<"limit"> =>
  make("limit", { account, member: null, period: "month", amount, timeZone: null, ...terms });

export const again = make("again", { back: 1 });
export const expire = make("expire", { batchSize: 2000 });
export const releaseHolds = make("releaseHolds", { batchSize: 2000 });
export const together = (...steps: SingleStep[]): Of<"together"> => ({ take: "together", steps, commit: true });

/** Lots that differ in all that the burn order looks at, given against that order. */
export const mixed = (owner = account): Step[] => [
  grant(7, { account: owner }),
  grant(5, { account: owner, expiresIn: 200 }),
  grant(6, { account: owner, expiresIn: 31 }),
  grant(4, { account: owner, scope: "image" }),
  grant(3, { account: owner, priority: 0 }),
  grant(9, { account: owner, effectiveIn: 24, priority: 0 }),
  grant(8, { account: owner, effectiveIn: 24 }),
  grant(2, { account: owner, expiresIn: 7 }),
  grant(6, { account: owner, expiresIn: 31 }),
  grant(5, { account: owner }),
];
