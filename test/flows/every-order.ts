// A flow's events told in every order, each order to a buyer of its own, all in one engine and database.
import { expect } from "vitest";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { skipDelays, type Setup } from "./setup.ts";

export interface Told {
  readonly type: string;
  readonly object: Record<string, unknown>;
}

/** What one buyer's objects are called: the same name for the same word. */
export interface Buyer {
  readonly userId: string;
  id(word: string): string;
}

/** What must come out alike: what the account has, and what is known of its payments, their returns and subscriptions. */
export interface Outcome {
  readonly balance: { readonly book: number; readonly available: number; readonly debt: number };
  readonly payments: readonly { readonly type: string; readonly status: string; readonly amount: number }[];
  readonly returns: readonly { readonly status: string; readonly amount: number; readonly stands: boolean }[];
  readonly subscriptions: readonly { readonly status: string; readonly plan: string | null }[];
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** So many random orders, the same in every run. */
export function shuffles<T>(items: readonly T[], count: number): T[][] {
  let state = 42;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => {
    const rest = [...items];
    return items.flatMap(() => rest.splice(random(rest.length), 1));
  });
}

/** Tells a flow of Stripe's events in each of these orders. */
export async function everyOrder(
  setup: Setup,
  flow: (buyer: Buyer) => readonly Told[],
  orders: readonly (readonly number[])[],
): Promise<Outcome> {
  return everyOrderOf(setup, { flow, orders, send: async (event) => sendEvent(setup.tally, event) });
}

export interface Telling<Event> {
  readonly flow: (buyer: Buyer) => readonly Event[];
  readonly orders: readonly (readonly number[])[];
  readonly send: (event: Event) => Promise<Response>;
}

/**
 * Tells a flow in each of these orders, position by position, with everything that is due done after each, and expects
 * that all buyers end alike: answers how. What failed for want of something else must have mended itself.
 */
export async function everyOrderOf<Event>(setup: Setup, { flow, orders, send }: Telling<Event>): Promise<Outcome> {
  const tellings = orders.map((order) => {
    const buyer = newBuyer();
    const events = flow(buyer);
    return { order, buyer, events: order.map((position) => events[position]) };
  });
  const length = Math.max(...orders.map((order) => order.length));
  for (let position = 0; position < length; position += 1) {
    for (const { events } of tellings) {
      const event = events[position];
      if (event !== undefined) expect((await send(event)).status).toBe(200);
    }
    await runAll(setup);
  }
  expect((await setup.tally.tasks.list({ status: "pending" })).items).toEqual([]);
  expect((await setup.tally.tasks.list({ status: "dead" })).items).toEqual([]);
  expect((await setup.tally.credits.audit()).violations).toEqual([]);
  const [first, ...others] = await Promise.all(
    tellings.map(async ({ order, buyer }) => ({ order, outcome: await outcomeOf(setup, buyer.userId) })),
  );
  if (first === undefined) throw new Error("no order was given");
  const wanted = JSON.stringify(first.outcome);
  expect(others.filter(({ outcome }) => JSON.stringify(outcome) !== wanted)).toEqual([]);
  return first.outcome;
}

export function newBuyer(): Buyer {
  const tag = uniqueId("x");
  return { userId: `user_${tag}`, id: (word) => `${word}_${tag}` };
}

/** Does all that is due, and what failed again until it is done or dead. */
export async function runAll({ tally, sql }: Setup): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    let { remaining } = await tally.drain({ budgetMs: 60_000 });
    for (; remaining > 0;) ({ remaining } = await tally.drain({ budgetMs: 60_000 }));
    await skipDelays(sql);
  }
}

export async function outcomeOf({ sql }: Setup, userId: string): Promise<Outcome> {
  const read = async (query: string): Promise<never> => (await sql.query(query, [userId])) as never;
  const [balance] = (await read(
    `select current_credits as book, cached_available as available, debt from tallystick.user_credit where user_id = $1`,
  )) as Outcome["balance"][];
  return {
    balance: balance ?? { book: 0, available: 0, debt: 0 },
    payments: await read(
      `select type, status, amount from tallystick.payment where user_id = $1 order by invoice_id, session_id`,
    ),
    returns: await read(
      `select returned.status, returned.amount, stands from tallystick.payment_return returned
       join tallystick.payment on payment.id = returned.payment_id where user_id = $1 order by return_id`,
    ),
    subscriptions: await read(
      `select status, plan_id as plan from tallystick.subscription where user_id = $1 order by subscription_id`,
    ),
  };
}
