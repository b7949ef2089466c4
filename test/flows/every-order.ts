// A flow's events told in every order, each order to a buyer of its own, all in one engine and database.
import { expect } from "vitest";
import { sendEvent, uniqueId } from "../support/engine.ts";
import type { StripeState } from "./stripe-state.ts";
import { skipDelays, type Setup } from "./setup.ts";

export interface Told {
  readonly type: string;
  readonly object: Record<string, unknown>;
  /** What Stripe's API says from then on, by path. */
  readonly api?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An event's place in its flow, and whether it is told for the first time, again, or under a second id. */
export interface Telling {
  readonly event: number;
  readonly as: "first" | "again" | "second";
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
  /** Enrolments that still run or are paused, with the credits of the month that runs. */
  readonly enrolments: readonly { readonly plan: string; readonly paused: boolean; readonly given: number }[];
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** So many random orders, the same in every run. */
export function shuffles<T>(items: readonly T[], count: number): T[][] {
  const random = randomNumbers();
  return Array.from({ length: count }, () => {
    const rest = [...items];
    return items.flatMap(() => rest.splice(random(rest.length), 1));
  });
}

/** Every order of so many events up to 6, and 500 of more; each with one event told again and one under a second id. */
export function ordersOf(events: number): Telling[][] {
  const indexes = Array.from({ length: events }, (_, index) => index);
  const random = randomNumbers();
  const orders = events <= 6 ? permutations(indexes) : shuffles(indexes, 500);
  return orders.map((order) => {
    const tellings = order.map((event): Telling => ({ event, as: "first" }));
    for (const as of ["again", "second"] as const) {
      const event = random(events);
      const told = tellings.findIndex((telling) => telling.event === event && telling.as === "first");
      // Again can only be told what was told; a second id may come first.
      const from = as === "again" ? told + 1 : 0;
      tellings.splice(from + random(tellings.length + 1 - from), 0, { event, as });
    }
    return tellings;
  });
}

function randomNumbers(): (below: number) => number {
  let state = 42;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Tells a flow of Stripe's events in each of these orders. */
export async function everyOrder(
  setup: Setup,
  flow: (buyer: Buyer) => readonly Told[],
  orders: readonly (readonly (number | Telling)[])[],
  api?: StripeState,
  compared: Compared = "everything",
): Promise<Outcome> {
  const send = async ({ type, object, api: states }: Told, id: string, place: number): Promise<Response> => {
    for (const [path, state] of Object.entries(states ?? {})) api?.know(path, place, state);
    return sendEvent(setup.tally, { type, object, id });
  };
  return everyOrderOf(setup, { flow, orders, send, compared });
}

type Compared = "everything" | "ledger";

export interface FlowTellings<Event> {
  readonly flow: (buyer: Buyer) => readonly Event[];
  readonly orders: readonly (readonly (number | Telling)[])[];
  /** Sends an event under this id; `place` is its place in the flow. */
  readonly send: (event: Event, id: string, place: number) => Promise<Response>;
  readonly compared?: Compared;
}

/**
 * Tells a flow in each of these orders, position by position, with everything that is due done after each, and expects
 * that all buyers end alike, or their ledgers do: answers how. What failed for want of something else must have mended itself.
 */
export async function everyOrderOf<Event>(
  setup: Setup,
  { flow, orders, send, compared = "everything" }: FlowTellings<Event>,
): Promise<Outcome> {
  const tellings = orders.map((order) => {
    const buyer = newBuyer();
    return { order, buyer, events: flow(buyer), ids: new Map<number, string>() };
  });
  const length = Math.max(...orders.map((order) => order.length));
  for (let position = 0; position < length; position += 1) {
    for (const { order, events, ids } of tellings) {
      const telling = order[position];
      if (telling === undefined) continue;
      const { event: place, as } = typeof telling === "number" ? { event: telling, as: "first" } : telling;
      const event = events[place];
      if (event === undefined) continue;
      const id = as === "second" ? uniqueId("evt") : (ids.get(place) ?? uniqueId("evt"));
      if (as !== "second") ids.set(place, id);
      expect((await send(event, id, place)).status).toBe(200);
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
  const told = (outcome: Outcome): string =>
    JSON.stringify(compared === "everything" ? outcome : [outcome.balance, outcome.payments, outcome.returns]);
  expect(others.filter(({ outcome }) => told(outcome) !== told(first.outcome)).slice(0, 3)).toEqual([]);
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
    enrolments: await read(
      `select plan_id as plan, paused_at is not null as paused, period_credits as given from tallystick.credit_enrolment e
       join tallystick.user_credit account on account.id = e.account_id where user_id = $1 and ended_at is null order by e.id`,
    ),
  };
}
