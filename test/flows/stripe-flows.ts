// What Stripe tells of whole lives of a customer, flow by flow, in the order in which it happened. Sets of events as
// Stripe's documentation and recordings have them; only those that mean something are told.
import { defineCatalog } from "../../src/index.ts";
import type { Outcome, Told } from "./every-order.ts";
import { subscriptionSession } from "./stripe-objects.ts";
import type { Telling } from "./telling.ts";

export interface Flow {
  readonly name: string;
  readonly told: (flow: Telling) => readonly Told[];
  readonly outcome: Partial<Outcome>;
  /** What comes out depends on asking Stripe for the present state. */
  readonly needsKey?: boolean;
}

export const flowCatalog = defineCatalog({
  plans: [
    plan("basic", 1000),
    plan("team", 5000),
    { ...plan("trial", 300), trialCredits: 50 },
    { id: "life", name: "Life", credits: 700, prices: [{ id: "price_life", interval: "lifetime" }] },
  ],
  packs: [{ id: "pack", name: "Pack", credits: 500, priceId: "price_pack" }],
});

function plan(id: string, credits: number) {
  return {
    id,
    name: id,
    credits,
    proration: "credits" as const,
    prices: [
      { id: `price_${id}_month`, interval: "month" as const },
      { id: `price_${id}_year`, interval: "year" as const },
    ],
  };
}

// 16 April to 1 May 2026: half a month.
const half = { start: 1_776_297_600, end: 1_777_593_600 };

const basic = [{ priceId: "price_basic_month" }];
const team = [{ priceId: "price_team_month", amount: 9000 }];
const balance = (book: number) => ({ balance: { book, available: book, debt: 0 } });

export const flows: readonly Flow[] = [
  {
    name: "a subscription that begins with a checkout",
    told: (flow) => [
      {
        type: "checkout.session.completed",
        object: subscriptionSession({ customer: flow.id("cus"), userId: flow.userId, subscription: flow.id("sub") }),
      },
      flow.state("created", "incomplete"),
      ...flow.paidByCard("in", basic),
      flow.state("updated", "active"),
    ],
    outcome: { ...balance(1000), subscriptions: [{ status: "active", plan: "basic" }] },
  },
  {
    name: "a trial that turns into a paid month",
    told: (flow) => [
      flow.state("created", "trialing", "price_trial_month", { trial_end: 1_760_300_000 }),
      flow.invoice("paid", "in_0", [{ priceId: "price_trial_month", amount: 0 }]),
      flow.state("trial_will_end", "trialing", "price_trial_month", { trial_end: 1_760_300_000 }),
      flow.state("updated", "active", "price_trial_month"),
      flow.invoice("paid", "in_1", [{ priceId: "price_trial_month" }]),
    ],
    outcome: { ...balance(350), subscriptions: [{ status: "active", plan: "trial" }] },
  },
  {
    name: "two renewals, each with the period moved before it is paid",
    told: (flow) => [
      flow.invoice("paid", "in_0", basic),
      flow.state("updated", "active"),
      flow.invoice("paid", "in_1", basic),
      flow.state("updated", "active"),
      flow.invoice("paid", "in_2", basic),
    ],
    outcome: balance(3000),
  },
  {
    name: "an upgrade that is charged at once",
    told: (flow) => [
      flow.state("created", "active"),
      flow.invoice("paid", "in_0", basic),
      flow.state("updated", "active", "price_team_month"),
      flow.invoice("paid", "in_1", [
        { priceId: "price_basic_month", amount: -1000, proration: true, period: half },
        { priceId: "price_team_month", amount: 4500, proration: true, period: half },
      ]),
    ],
    outcome: { ...balance(3000), subscriptions: [{ status: "active", plan: "team" }] },
  },
  {
    name: "an upgrade whose prorations ride the next invoice",
    told: (flow) => [
      flow.invoice("paid", "in_0", basic),
      flow.state("updated", "active", "price_team_month"),
      flow.invoice("paid", "in_1", [
        { priceId: "price_basic_month", amount: -1000, proration: true, period: half },
        { priceId: "price_team_month", amount: 4500, proration: true, period: half },
        ...team,
      ]),
      flow.state("updated", "active", "price_team_month"),
    ],
    outcome: { ...balance(8000), subscriptions: [{ status: "active", plan: "team" }] },
  },
  {
    name: "a downgrade that leaves a credit",
    told: (flow) => [
      flow.invoice("paid", "in_0", team),
      flow.state("updated", "active"),
      flow.invoice("paid", "in_1", [
        { priceId: "price_team_month", amount: -4500, proration: true, period: half },
        { priceId: "price_basic_month", amount: 1000, proration: true, period: half },
      ]),
      flow.invoice("paid", "in_2", basic),
    ],
    outcome: { ...balance(6000), subscriptions: [{ status: "active", plan: "basic" }] },
  },
  {
    name: "a yearly plan upgraded in its first month",
    told: (flow) => [
      flow.state("created", "active", "price_basic_year"),
      flow.invoice("paid", "in_0", [{ priceId: "price_basic_year" }]),
      flow.state("updated", "active", "price_team_year"),
      flow.invoice("paid", "in_1", [
        { priceId: "price_basic_year", amount: -1900, proration: true },
        { priceId: "price_team_year", amount: 9000, proration: true },
      ]),
    ],
    outcome: {
      ...balance(5000),
      subscriptions: [{ status: "active", plan: "team" }],
      enrolments: [{ plan: "team", paused: false, given: 5000 }],
    },
    needsKey: true,
  },
  {
    name: "dunning that ends with a payment",
    told: (flow) => [
      flow.invoice("payment_failed", "in_1", basic),
      flow.state("updated", "past_due"),
      flow.invoice("payment_failed", "in_1", basic),
      flow.invoice("paid", "in_1", basic),
      flow.state("updated", "active"),
    ],
    outcome: {
      ...balance(1000),
      subscriptions: [{ status: "active", plan: "basic" }],
      payments: [{ type: "subscription", status: "paid", amount: 2000 }],
    },
  },
  {
    name: "dunning of a yearly plan that ends with its cancellation",
    told: (flow) => [
      flow.invoice("paid", "in_0", [{ priceId: "price_basic_year" }]),
      flow.invoice("payment_failed", "in_1", [{ priceId: "price_basic_year" }]),
      flow.state("updated", "past_due", "price_basic_year"),
      flow.state("deleted", "canceled", "price_basic_year"),
    ],
    outcome: { ...balance(1000), subscriptions: [{ status: "canceled", plan: "basic" }], enrolments: [] },
  },
  {
    name: "a cancellation at the period's end",
    told: (flow) => [
      flow.invoice("paid", "in_0", basic),
      flow.state("updated", "active", "price_basic_month", { cancel_at_period_end: true }),
      flow.state("deleted", "canceled"),
    ],
    outcome: { ...balance(1000), subscriptions: [{ status: "canceled", plan: "basic" }] },
  },
  {
    name: "a yearly plan that is paused and goes on",
    told: (flow) => [
      flow.invoice("paid", "in_0", [{ priceId: "price_basic_year" }]),
      flow.state("paused", "paused", "price_basic_year"),
      flow.state("resumed", "active", "price_basic_year"),
    ],
    outcome: { ...balance(1000), enrolments: [{ plan: "basic", paused: false, given: 1000 }] },
    needsKey: true,
  },
  {
    name: "a pack paid by a method that settles days later",
    told: (flow) => [
      flow.session("completed", "cs", "unpaid", "price_pack"),
      flow.session("async_payment_succeeded", "cs", "paid", "price_pack"),
    ],
    outcome: { ...balance(500), payments: [{ type: "one_time", status: "paid", amount: 999 }] },
  },
  {
    name: "a delayed payment that fails, and a second try that is free by a promotion code",
    told: (flow) => [
      flow.session("completed", "cs_1", "unpaid", "price_pack"),
      flow.session("async_payment_failed", "cs_1", "unpaid", "price_pack"),
      flow.session("completed", "cs_2", "no_payment_required", "price_pack"),
    ],
    outcome: balance(500),
  },
  {
    name: "a lifetime plan that is refunded in two halves",
    told: (flow) => [
      flow.session("completed", "cs", "paid", "price_life"),
      flow.refund("re_1", "cs", 499),
      flow.refund("re_2", "cs", 500),
    ],
    outcome: {
      ...balance(0),
      returns: [
        { amount: 499, status: "succeeded", stands: true },
        { amount: 500, status: "succeeded", stands: true },
      ],
    },
  },
  {
    name: "a pack whose bank asks, takes the money and gives it back",
    told: (flow) => [
      flow.session("completed", "cs", "paid", "price_pack"),
      flow.dispute("created", "cs", 999, "warning_needs_response"),
      flow.dispute("funds_withdrawn", "cs", 999, "needs_response", [-999]),
      flow.dispute("closed", "cs", 999, "won", [-999, 999]),
    ],
    outcome: { ...balance(500), returns: [{ amount: 999, status: "won", stands: false }] },
  },
  {
    name: "an invoice that is refunded in part and then disputed and lost",
    told: (flow) => [
      ...flow.paidByCard("in", basic),
      flow.refund("re", "in", 500),
      flow.dispute("created", "in", 2000, "needs_response", [-2000]),
      flow.dispute("closed", "in", 2000, "lost", [-2000]),
    ],
    outcome: balance(0),
  },
  {
    name: "a subscription made in the dashboard, whose customer a checkout made known",
    told: (flow) => [
      flow.session("completed", "cs", "paid", "price_pack"),
      withoutUser(flow.state("created", "active")),
      withoutUser(flow.invoice("paid", "in_0", basic)),
    ],
    outcome: balance(1500),
  },
  {
    name: "a customer who is deleted, with what the customer's subscription paid for",
    told: (flow) => [
      flow.invoice("paid", "in_0", [{ priceId: "price_basic_year" }]),
      { type: "customer.deleted", object: { id: flow.id("cus"), object: "customer", deleted: true } },
      flow.state("deleted", "canceled", "price_basic_year"),
    ],
    outcome: { ...balance(1000), enrolments: [] },
  },
];

/** As Stripe tells of what was not made by the product's own server. */
function withoutUser(told: Told): Told {
  return JSON.parse(JSON.stringify(told, (name, value: unknown) => (name === "metadata" ? {} : value))) as Told;
}
