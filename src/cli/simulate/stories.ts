// The stories that a catalog's prices can tell: what a customer does on which day.
import type Stripe from "stripe";
import type { Catalog, CatalogPrice } from "../../payment/catalog.ts";

export interface Life {
  readonly userId: string;
  readonly customer: string;
  readonly sdk: Stripe;
  /** Asks the sandbox for what Stripe's API has not. */
  readonly control: (path: string, body: object) => Promise<void>;
}

/** A life that follows a story. */
export interface LifeOfStory extends Life {
  readonly story: Story;
}

type Act = (life: Life) => Promise<unknown>;

export interface Story {
  readonly name: string;
  readonly told: string;
  /** Day 0 is the first. */
  readonly acts: readonly (readonly [day: number, act: Act])[];
}

const PAYS = "pm_card_visa";
const DECLINED = "pm_card_chargeCustomerFail";

/** One of each story that the catalog has the prices for. */
export function storiesOf({ prices }: Catalog): readonly Story[] {
  const monthly = prices.filter(({ interval }) => interval === "month");
  const [month, otherMonth] = monthly;
  const year = prices.find(({ interval }) => interval === "year");
  const lifetime = prices.find(({ interval, of }) => interval === "once" && of.startsWith("plan:"));
  const packs = prices.filter(({ of }) => of.startsWith("pack:"));
  const [pack] = packs;
  return [
    ...(month === undefined ? [] : monthlyStories(month, otherMonth)),
    ...(year === undefined ? [] : [story("yearly", `pays ${year.id} by the year`, [[0, subscribe(year)]])]),
    ...(lifetime === undefined ? [] : [story("lifetime", `buys ${lifetime.id} once`, [[3, buy(lifetime)]])]),
    ...(pack === undefined ? [] : packStories(pack, packs.at(-1) ?? pack)),
  ];
}

function monthlyStories(month: CatalogPrice, other: CatalogPrice | undefined): readonly Story[] {
  const changes: Story["acts"] =
    other === undefined
      ? []
      : [
          [0, subscribe(month)],
          [100, change(other)],
          [220, change(month)],
        ];
  return [
    story("regular", `renews ${month.id} every month`, [[0, subscribe(month)]]),
    ...(changes.length === 0 ? [] : [story("changer", `changes to ${other?.id} and back`, changes)]),
    story("late", "its card is declined for a renewal, and pays five days later", [
      [5, subscribe(month)],
      [80, useCard(DECLINED)],
      [105, payAgain],
    ]),
    story("leaver", "cancels for the end of the fourth month", [
      [0, subscribe(month)],
      [100, cancelAtEnd],
    ]),
    story("insolvent", "its card is declined until the subscription ends", [
      [10, subscribe(month)],
      [90, useCard(DECLINED)],
    ]),
  ];
}

function packStories(pack: CatalogPrice, large: CatalogPrice): readonly Story[] {
  return [
    story(
      "buyer",
      `buys ${pack.id} every six weeks`,
      [0, 42, 84, 126, 168, 210, 252, 294, 336].map((day) => [day, buy(pack)]),
    ),
    story("refunded", `has half of ${large.id} refunded, and then the rest`, [
      [8, buy(large)],
      [30, refund(0.5)],
      [120, refund(1)],
    ]),
    story("disputer", `disputes ${large.id}, and the bank takes the money back`, [
      [12, buy(large)],
      [40, dispute],
      [85, decide("lost")],
    ]),
  ];
}

function story(name: string, told: string, acts: Story["acts"]): Story {
  return { name, told, acts };
}

function subscribe({ id: price }: CatalogPrice): Act {
  return async ({ sdk, customer, userId }) =>
    sdk.subscriptions.create({ customer, items: [{ price }], metadata: { userId } });
}

function change({ id: price }: CatalogPrice): Act {
  return async (life) => {
    const { id, items } = await subscriptionOf(life);
    await life.sdk.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id ?? "", price }],
      proration_behavior: "always_invoice",
    });
  };
}

const cancelAtEnd: Act = async (life) =>
  life.sdk.subscriptions.update((await subscriptionOf(life)).id, { cancel_at_period_end: true });

/** From now on renewals are charged to it. */
function useCard(card: string): Act {
  return async ({ sdk, customer }) => {
    const { id } = await sdk.paymentMethods.attach(card, { customer });
    await sdk.customers.update(customer, { invoice_settings: { default_payment_method: id } });
  };
}

const payAgain: Act = async (life) => {
  await useCard(PAYS)(life);
  for await (const invoice of life.sdk.invoices.list({ customer: life.customer, status: "open" })) {
    await life.sdk.invoices.pay(invoice.id);
  }
};

/** By Checkout, on the page that a person would see. */
function buy({ id: price }: CatalogPrice): Act {
  return async ({ sdk, customer, userId }) => {
    const { url } = await sdk.checkout.sessions.create({
      mode: "payment",
      customer,
      line_items: [{ price, quantity: 1 }],
      success_url: "http://localhost/paid",
      metadata: { userId, priceId: price },
    });
    const paid = new URLSearchParams({ do: "pay", method: "4242424242424242", email: "payer@example.com" });
    await fetch(url ?? "", { method: "POST", redirect: "manual", body: paid });
  };
}

/** So much of what is left of the last payment. */
function refund(share: number): Act {
  return async (life) => {
    const { id, amount, amount_refunded: before } = await chargeOf(life);
    await life.sdk.refunds.create({ charge: id, amount: Math.ceil((amount - before) * share) });
  };
}

const dispute: Act = async (life) => life.control(`/charges/${(await chargeOf(life)).id}/dispute`, {});

function decide(decision: "won" | "lost"): Act {
  return async (life) => {
    const { data } = await life.sdk.disputes.list({ charge: (await chargeOf(life)).id });
    for (const { id } of data) await life.control(`/disputes/${id}/${decision}`, {});
  };
}

async function subscriptionOf({ sdk, customer }: Life): Promise<Stripe.Subscription> {
  const [subscription] = (await sdk.subscriptions.list({ customer, status: "all" })).data;
  if (subscription === undefined) throw new Error(`${customer} has no subscription.`);
  return subscription;
}

async function chargeOf({ sdk, customer }: Life): Promise<Stripe.Charge> {
  const [charge] = (await sdk.charges.list({ customer })).data;
  if (charge === undefined) throw new Error(`${customer} has paid nothing.`);
  return charge;
}
