// What became of each customer, by Stripe's charges and by the ledger's journal, and whether both are in order.
import type { Engine } from "../../engine.ts";
import { formatMoney } from "../../kernel/money.ts";
import type { Outcome } from "../command.ts";
import { count, table } from "../table.ts";
import type { LifeOfStory } from "./stories.ts";

interface Customer {
  readonly userId: string;
  readonly story: string;
  /** In minor units, by currency. */
  readonly paid: Readonly<Record<string, number>>;
  readonly returned: Readonly<Record<string, number>>;
  readonly subscription: string | null;
  readonly granted: number;
  readonly spent: number;
  readonly expired: number;
  readonly takenBack: number;
  readonly balance: number;
}

interface Report {
  readonly customers: readonly Customer[];
  readonly events: number;
  /** Sentences that say what is wrong; none: all is well. */
  readonly problems: readonly string[];
}

export async function readReport(tally: Engine, lives: readonly LifeOfStory[]): Promise<Report> {
  const customers: Customer[] = [];
  for (const life of lives) customers.push(await readCustomer(tally, life));
  const audit = await tally.credits.audit();
  const dead = await tally.tasks.list({ status: "dead" });
  const waiting = await tally.events.list({ status: "pending" });
  let events = 0;
  for (let cursor: string | undefined; ;) {
    const page = await tally.events.list({ status: "processed", limit: 100, ...(cursor !== undefined && { cursor }) });
    events += page.items.length;
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return {
    customers,
    events,
    problems: [
      ...audit.violations.map(({ equation, userId, detail }) => `audit: ${equation} of ${userId}: ${detail}`),
      ...dead.items.map(({ name, id, lastError }) => `task ${id} (${name}) is dead: ${lastError}`),
      ...waiting.items.map(({ eventId, type }) => `event ${eventId} (${type}) waits`),
    ],
  };
}

async function readCustomer(tally: Engine, { userId, customer, sdk, story }: LifeOfStory): Promise<Customer> {
  const paid: Record<string, number> = {};
  const returned: Record<string, number> = {};
  for await (const charge of sdk.charges.list({ customer, limit: 100 })) {
    if (charge.status !== "succeeded") continue;
    const { currency } = charge;
    paid[currency] = (paid[currency] ?? 0) + charge.amount;
    returned[currency] = (returned[currency] ?? 0) + charge.amount_refunded;
    if (!charge.disputed) continue;
    for await (const { balance_transactions: moved } of sdk.disputes.list({ charge: charge.id })) {
      returned[currency] -= moved.reduce((sum, { amount }) => sum + amount, 0);
    }
  }
  const [subscription] = (await sdk.subscriptions.list({ customer, status: "all" })).data;
  const sums = await sumsByType(tally, userId);
  const sum = (...types: readonly string[]): number => types.reduce((total, type) => total + (sums.get(type) ?? 0), 0);
  const { balance } = await tally.credits.balance({ userId });
  const gone = { spent: -sum("usage", "refund"), expired: -sum("expire"), takenBack: -sum("clawback", "reinstate") };
  // All else is given: the entries of the journal add up to the balance.
  const granted = balance + gone.spent + gone.expired + gone.takenBack;
  return {
    userId,
    story: story.told,
    paid,
    returned,
    subscription: subscription?.status ?? null,
    granted,
    ...gone,
    balance,
  };
}

async function sumsByType(tally: Engine, userId: string): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page = await tally.credits.history({ userId, limit: 100, ...(cursor !== undefined && { cursor }) });
    for (const { type, amount } of page.items) sums.set(type, (sums.get(type) ?? 0) + amount);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return sums;
}

export function reportOutcome(
  report: Report & {
    readonly months: number;
    readonly seed: number;
    readonly seconds: number;
    /** Null: it is dropped. */
    readonly database: string | null;
  },
): Outcome {
  const { customers, events, problems, months, seconds, seed, database } = report;
  const columns = [
    "customer",
    "story",
    "paid",
    "back",
    "subscription",
    "granted",
    "spent",
    "expired",
    "taken back",
    "balance",
  ];
  const rows = customers.map((one) => [
    one.userId,
    one.story,
    money(one.paid),
    money(one.returned),
    one.subscription,
    one.granted,
    one.spent,
    one.expired,
    one.takenBack,
    one.balance,
  ]);
  const lines = [
    table(columns, rows, "Nobody lived."),
    "",
    `${count(months, "month")} of ${count(customers.length, "customer")} in ${seconds.toFixed(1)} s, ${count(events, "event")} handled, seed ${seed}.`,
    ...(problems.length === 0 ? ["Every equation of the ledger holds, and nothing waits."] : problems),
    ...(database === null ? [] : [`The simulation's database is ${database}; drop it when it is not wanted any more.`]),
  ];
  return { data: report, text: lines.join("\n"), failed: problems.length > 0 };
}

function money(amounts: Readonly<Record<string, number>>): string {
  const sums = Object.entries(amounts).filter(([, amount]) => amount !== 0);
  return sums.length === 0 ? "-" : sums.map(([currency, amount]) => formatMoney(amount, currency, "en")).join(" + ");
}
