// Steps of a history in few words, with the usual terms.
import type { SingleStep, Step } from "../properties/steps.ts";

type Of<T extends Step["take"]> = Extract<Step, { take: T }>;
type Terms<T extends Step["take"]> = Partial<Omit<Of<T>, "take">>;

const ann = "ann/credit";

export const grant = (amount: number, terms: Terms<"grant"> = {}): Of<"grant"> => ({
  take: "grant",
  account: ann,
  amount,
  key: null,
  priority: 100,
  scope: null,
  effectiveIn: null,
  expiresIn: null,
  ...terms,
});

export const pay = (payment: number, amount: number, fact: string, terms: Terms<"pay"> = {}): Of<"pay"> => ({
  take: "pay",
  account: ann,
  amount,
  payment,
  priority: 100,
  scope: null,
  fact,
  expiresIn: null,
  ...terms,
});

export const consume = (amount: number, terms: Terms<"consume"> = {}): Of<"consume"> => ({
  take: "consume",
  account: ann,
  amount,
  feature: null,
  member: null,
  key: null,
  ...terms,
});

export const adjust = (amount: number, terms: Terms<"adjust"> = {}): Of<"adjust"> => ({
  take: "adjust",
  account: ann,
  amount,
  feature: null,
  priority: 100,
  scope: null,
  key: null,
  expiresIn: null,
  ...terms,
});

export const hold = (amount: number, hours = 100, terms: Terms<"hold"> = {}): Of<"hold"> => ({
  take: "hold",
  account: ann,
  amount,
  feature: null,
  member: null,
  key: null,
  hours,
  ...terms,
});

export const capture = (amount: number | null, terms: Terms<"capture"> = {}): Of<"capture"> => ({
  take: "capture",
  pick: 0,
  amount,
  key: null,
  overage: null,
  ...terms,
});

export const release = (terms: Terms<"void"> = {}): Of<"void"> => ({ take: "void", pick: 0, key: null, ...terms });

/** Of the debit `pick` before the newest. */
export const refund = (amount: number | null, pick = 0, terms: Terms<"refund"> = {}): Of<"refund"> => ({
  take: "refund",
  pick,
  amount,
  graceHours: null,
  key: null,
  ...terms,
});

/** So much of 999 paid went back. */
export const settle = (payment: number, returned: number, policy: Of<"settle">["policy"] = null): Of<"settle"> => ({
  take: "settle",
  payment,
  returned,
  policy,
});

export const merge = (from: string, to: string): Of<"merge"> => ({ take: "merge", from, to });

export const wait = (hours: number): Of<"wait"> => ({ take: "wait", hours });

export const limit = (amount: number, terms: Terms<"limit"> = {}): Of<"limit"> => ({
  take: "limit",
  account: ann,
  member: null,
  period: "month",
  amount,
  timeZone: null,
  ...terms,
});

export const again: Of<"again"> = { take: "again", back: 1 };
export const expire: Of<"expire"> = { take: "expire", batchSize: 2000 };
export const releaseHolds: Of<"releaseHolds"> = { take: "releaseHolds", batchSize: 2000 };
export const together = (...steps: SingleStep[]): Of<"together"> => ({ take: "together", steps, commit: true });
