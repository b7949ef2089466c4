// All that the model knows, as plain data that can be cloned. Rows of all accounts stand in one list each, oldest first.

export const MAX = Number.MAX_SAFE_INTEGER;

export interface Account {
  /** `user/unit`. */
  readonly name: string;
  frozen: boolean;
  /** The account that this one is an alias of. */
  mergedInto: string | null;
}

export interface Draw {
  readonly lot: string;
  readonly amount: number;
}

export interface Entry {
  /** `user/unit#seq`; a positive entry's lot has the same id. */
  readonly id: string;
  readonly account: string;
  readonly type: string;
  readonly amount: number;
  readonly balanceAfter: number;
  readonly at: number;
  readonly payment: number | null;
  readonly refundOf: string | null;
  /** Which draw of the debit it gives back, from 1; null when it cancels the debit's shortfall. */
  readonly refundDraw: number | null;
  readonly feature: string | null;
  readonly member: string | null;
  /** Of a claw-back: what nothing can pay of it is forgiven. */
  readonly forgivable: boolean;
  readonly draws: Draw[];
}

export interface LotTerms {
  readonly priority: number;
  readonly scope: string | null;
  readonly effectiveAt: number;
  readonly expiresAt: number | null;
  readonly payment: number | null;
}

export interface Lot extends LotTerms {
  readonly id: string;
  readonly account: string;
  readonly amount: number;
  remaining: number;
  held: number;
  /** Its expiry is booked. */
  booked: boolean;
}

export interface Hold {
  /** `!1` for the first, over all accounts. */
  readonly id: string;
  readonly account: string;
  readonly amount: number;
  readonly feature: string | null;
  readonly member: string | null;
  readonly at: number;
  readonly expiresAt: number;
  readonly parts: readonly Draw[];
  captured: number;
  status: "open" | "captured" | "voided" | "expired";
}

export interface Enrolment {
  account: string;
  readonly plan: string;
  readonly anchor: number;
  nextPeriod: number;
  ended: boolean;
}

export interface Limit {
  readonly account: string;
  readonly member: string | null;
  readonly period: "day" | "week" | "month";
  readonly timeZone: string;
  readonly amount: number;
  /** The first day of the period in which it was set, from which on it counts. */
  readonly since: string;
}

export interface Return {
  readonly paid: number;
  readonly returned: number;
  readonly policy: "debt" | "forgive";
}

export interface Plan {
  readonly id: string;
  readonly credits: number;
  readonly validDays: number | null;
}

/** What an operation answers; a refusal is `{ refused: code }`. */
export type Answer = Readonly<Record<string, unknown>>;

export function outcomeOf(answer: Answer): string {
  if (typeof answer["refused"] === "string") return answer["refused"];
  return answer["replayed"] === true ? "replayed" : "ok";
}

export interface Stored {
  readonly request: string;
  readonly answer: Answer;
}

export interface State {
  now: number;
  readonly plans: readonly Plan[];
  readonly accounts: Account[];
  readonly entries: Entry[];
  readonly lots: Lot[];
  readonly holds: Hold[];
  readonly enrolments: Enrolment[];
  readonly limits: Limit[];
  /** By payment. */
  readonly returns: Map<number, Return>;
  /** Answers by fact. */
  readonly facts: Map<string, Answer>;
  /** Adjustments by which the ledger itself took back what had been forgiven. */
  readonly takenBack: Set<string>;
  /** By `account key`. */
  readonly keys: Map<string, Stored>;
}

export function emptyState(now: number, plans: readonly Plan[]): State {
  return {
    now,
    plans,
    accounts: [],
    entries: [],
    lots: [],
    holds: [],
    enrolments: [],
    limits: [],
    returns: new Map(),
    facts: new Map(),
    takenBack: new Set(),
    keys: new Map(),
  };
}

/** The accounts that a name leads to: its own, then what that was merged into, and so on. */
export function aliases(state: State, name: string): Account[] {
  const account = state.accounts.find((candidate) => candidate.name === name);
  if (account === undefined) return [];
  return [account, ...(account.mergedInto === null ? [] : aliases(state, account.mergedInto))];
}

/** The account that a name stands for. */
export function accountOf(state: State, name: string): string | undefined {
  return aliases(state, name).at(-1)?.name;
}

/** The same, made when there is none. */
export function madeAccount(state: State, name: string): string {
  const known = accountOf(state, name);
  if (known !== undefined) return known;
  state.accounts.push({ name, frozen: false, mergedInto: null });
  return name;
}

export function isFrozen(state: State, account: string): boolean {
  return state.accounts.some(({ name, frozen }) => name === account && frozen);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
