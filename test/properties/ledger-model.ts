// The ledger's rules again, in memory and as plainly as can be: no cache, no index, no batch. The property test compares.

export const MAX = Number.MAX_SAFE_INTEGER;

interface ModelLot {
  readonly seq: number;
  readonly amount: number;
  remaining: number;
  readonly priority: number;
  readonly scope: string | null;
  readonly effectiveAt: number;
  readonly expiresAt: number | null;
  booked: boolean;
}

type Draw = readonly [lot: number, amount: number];

interface ModelEntry {
  readonly type: string;
  readonly amount: number;
  readonly balanceAfter: number;
  readonly draws: readonly Draw[];
}

interface ModelEnrolment {
  readonly plan: string;
  readonly anchor: number;
  nextPeriod: number;
}

interface ModelAccount {
  readonly entries: ModelEntry[];
  readonly lots: ModelLot[];
  readonly stored: Map<string, { readonly request: string; readonly answer: Answer }>;
  readonly enrolments: ModelEnrolment[];
  frozen: boolean;
}

export type Answer =
  | {
      readonly balance: number;
      readonly available: number;
      readonly replayed: boolean;
      readonly draws: readonly Draw[];
    }
  | { readonly refused: string };

export interface ModelPlan {
  readonly id: string;
  readonly credits: number;
  readonly validDays: number | null;
}

export interface GrantRequest {
  readonly amount: number;
  readonly priority: number;
  readonly scope: string | null;
  readonly effectiveAt: number | null;
  readonly expiresAt: number | null;
  readonly key: string | null;
}

export interface ConsumeRequest {
  readonly amount: number;
  readonly feature: string | null;
  readonly key: string | null;
}

/** The moment k months after a UTC moment, clamped to the month's last day. */
export function addMonthsUtc(moment: number, months: number): number {
  const from = new Date(moment);
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0));
  lastDay.setUTCDate(Math.min(from.getUTCDate(), lastDay.getUTCDate()));
  return lastDay.getTime() + (moment % 86_400_000);
}

export class LedgerModel {
  readonly accounts = new Map<string, ModelAccount>();
  readonly plans: readonly ModelPlan[];
  now: number;

  constructor(now: number, plans: readonly ModelPlan[]) {
    this.now = now;
    this.plans = plans;
  }

  grant(name: string, request: GrantRequest): Answer {
    const hashed = JSON.stringify(["grant", request.amount, request.priority, request.scope]);
    const known = this.#stored(name, request.key, hashed);
    if (known) return known;
    const effectiveAt = Math.max(this.now, request.effectiveAt ?? this.now);
    if (request.expiresAt !== null && request.expiresAt <= effectiveAt) return { refused: "invalid_request" };
    if (book(this.accounts.get(name)) + request.amount > MAX) return { refused: "balance_limit" };
    const account = this.#account(name);
    this.#addLot(account, "adjustment", request.amount, { ...request, effectiveAt });
    return this.#store(account, request.key, hashed, []);
  }

  consume(name: string, request: ConsumeRequest): Answer {
    const hashed = JSON.stringify(["consume", request.amount, request.feature]);
    const known = this.#stored(name, request.key, hashed);
    if (known) return known;
    const account = this.accounts.get(name);
    if (account?.frozen) return { refused: "account_frozen" };
    const lots = this.burnOrder(account).filter((lot) => lot.scope === null || lot.scope === request.feature);
    if (account === undefined || total(lots) < request.amount) return { refused: "insufficient_credits" };
    const draws: Draw[] = [];
    let wanted = request.amount;
    for (const lot of lots) {
      const take = Math.min(lot.remaining, wanted);
      if (take > 0) draws.push([lot.seq, take]);
      wanted -= take;
    }
    debit(account, "usage", draws);
    return this.#store(account, request.key, hashed, draws);
  }

  /** Answers whether the enrolment is new. */
  enrol(name: string, plan: string): boolean {
    const account = this.#account(name);
    if (account.enrolments.some((enrolment) => enrolment.plan === plan)) return false;
    account.enrolments.push({ plan, anchor: this.now, nextPeriod: 0 });
    this.#grantDue(account);
    return true;
  }

  /** Answers the number of periods granted. */
  distribute(): number {
    return [...this.accounts.values()].reduce((sum, account) => sum + this.#grantDue(account), 0);
  }

  /** Answers the number of lots booked. */
  expire(): number {
    let count = 0;
    for (const account of this.accounts.values()) {
      const expired = account.lots.filter(
        (lot) => lot.remaining > 0 && lot.expiresAt !== null && lot.expiresAt <= this.now,
      );
      if (expired.length > 0)
        debit(
          account,
          "expire",
          expired.map((lot): Draw => [lot.seq, lot.remaining]),
        );
      for (const lot of expired) lot.booked = true;
      count += expired.length;
    }
    return count;
  }

  /** Live lots with something left: priority, scoped first, earliest expiry (never last), oldest. */
  burnOrder(account: ModelAccount | undefined): ModelLot[] {
    return (account?.lots ?? [])
      .filter((lot) => lot.remaining > 0 && lot.effectiveAt <= this.now && (lot.expiresAt ?? Infinity) > this.now)
      .toSorted(
        (a, b) =>
          a.priority - b.priority ||
          Number(a.scope === null) - Number(b.scope === null) ||
          compare(a.expiresAt ?? Infinity, b.expiresAt ?? Infinity) ||
          a.seq - b.seq,
      );
  }

  /** Everything that can be seen, in the shape in which the property test reads it from the database. */
  picture(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.accounts].map(([name, account]) => {
        const live = this.burnOrder(account);
        return [
          name,
          {
            book: book(account),
            seq: account.entries.length,
            shown: [total(live), total(live), 0, 0],
            burn: live.map(({ seq, remaining }) => [seq, remaining]),
            entries: account.entries.map(({ type, amount, balanceAfter, draws }) => [
              type,
              amount,
              balanceAfter,
              draws,
            ]),
            lots: account.lots.map(({ seq, amount, remaining, booked }) => [seq, amount, remaining, booked]),
          },
        ];
      }),
    );
  }

  #account(name: string): ModelAccount {
    const known = this.accounts.get(name);
    if (known) return known;
    const account: ModelAccount = { entries: [], lots: [], stored: new Map(), enrolments: [], frozen: false };
    this.accounts.set(name, account);
    return account;
  }

  #stored(name: string, key: string | null, request: string): Answer | undefined {
    const known = key === null ? undefined : this.accounts.get(name)?.stored.get(key);
    if (known === undefined) return undefined;
    return known.request === request ? { ...known.answer, replayed: true } : { refused: "idempotency_conflict" };
  }

  #store(account: ModelAccount, key: string | null, request: string, draws: readonly Draw[]): Answer {
    const available = total(this.burnOrder(account));
    const answer = { balance: available, available, replayed: false, draws };
    if (key !== null) account.stored.set(key, { request, answer });
    return answer;
  }

  #grantDue(account: ModelAccount): number {
    let count = 0;
    for (;;) {
      const [due] = account.enrolments
        .map((enrolment) => ({
          enrolment,
          plan: this.#plan(enrolment.plan),
          at: addMonthsUtc(enrolment.anchor, enrolment.nextPeriod),
        }))
        .filter(({ plan, at }) => at <= this.now && book(account) + plan.credits <= MAX)
        .toSorted((a, b) => a.at - b.at);
      if (due === undefined) return count;
      const { credits, validDays } = due.plan;
      const expiresAt = validDays === null ? null : this.now + validDays * 86_400_000;
      this.#addLot(account, "monthly_refresh", credits, {
        priority: 100,
        scope: null,
        effectiveAt: this.now,
        expiresAt,
      });
      due.enrolment.nextPeriod += 1;
      count += 1;
    }
  }

  #plan(id: string): ModelPlan {
    const plan = this.plans.find((candidate) => candidate.id === id);
    if (plan === undefined) throw new Error(`the model has no plan ${id}`);
    return plan;
  }

  #addLot(
    account: ModelAccount,
    type: string,
    amount: number,
    terms: Pick<ModelLot, "priority" | "scope" | "effectiveAt" | "expiresAt">,
  ): void {
    const { priority, scope, effectiveAt, expiresAt } = terms;
    account.entries.push({ type, amount, balanceAfter: book(account) + amount, draws: [] });
    account.lots.push({
      seq: account.entries.length,
      amount,
      remaining: amount,
      priority,
      scope,
      effectiveAt,
      expiresAt,
      booked: false,
    });
  }
}

function debit(account: ModelAccount, type: string, draws: readonly Draw[]): void {
  const amount = draws.reduce((sum, [, part]) => sum + part, 0);
  account.entries.push({ type, amount: -amount, balanceAfter: book(account) - amount, draws });
  for (const [seq, part] of draws) {
    const lot = account.lots.find((candidate) => candidate.seq === seq);
    if (lot) lot.remaining -= part;
  }
}

function book(account: ModelAccount | undefined): number {
  return account?.entries.at(-1)?.balanceAfter ?? 0;
}

function total(lots: readonly ModelLot[]): number {
  return lots.reduce((sum, lot) => sum + lot.remaining, 0);
}

// Infinity − Infinity is not a number.
function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}
