// The catalog compared with the prices that Stripe has.
import { expect, it } from "vitest";
import { defineCatalog } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { WEBHOOK_SECRET } from "../support/engine.ts";
import { setUp } from "./setup.ts";
import { startStripeState } from "./stripe-state.ts";

const catalog = defineCatalog({
  plans: [
    {
      id: "pro",
      name: "Pro",
      credits: 1000,
      prices: [
        { id: "price_month", interval: "month", amount: 2000, currency: "usd" },
        { id: "price_year", interval: "year" },
        { id: "price_life", interval: "lifetime", amount: 50_000, currency: "jpy" },
      ],
    },
  ],
  packs: [{ id: "pack", name: "Pack", credits: 500, priceId: "price_pack" }],
});

const price = (id: string, recurring: object | null, also: object = {}) => ({
  [`/v1/prices/${id}?expand[0]=currency_options`]: {
    id,
    active: true,
    recurring: recurring === null ? null : { interval_count: 1, ...recurring },
    currency: "usd",
    unit_amount: 2000,
    ...also,
  },
});

async function checked(...known: ReturnType<typeof price>[]) {
  const { apiBase, know } = await startStripeState();
  for (const [path, object] of known.flatMap((each) => Object.entries(each))) know(path, 0, object);
  const { tally } = await setUp({
    catalog,
    payment: stripe({ webhookSecrets: [WEBHOOK_SECRET], secretKey: "sk_test_1", apiBase }),
  });
  return tally.payment.checkCatalog();
}

const yen = { currency_options: { jpy: { unit_amount: 50_000 } } };

it("prices that agree, also in another currency of the price and by twelve months for a year, have no problem", async () => {
  expect(
    await checked(
      price("price_month", { interval: "month" }),
      price("price_year", { interval: "month", interval_count: 12 }),
      price("price_life", null, yen),
      price("price_pack", null),
    ),
  ).toEqual({ checked: 4, problems: [] });
});

it("a price that is missing, archived, of another interval or amount is named with what differs", async () => {
  const { problems } = await checked(
    price("price_month", { interval: "month" }, { unit_amount: 1900 }),
    price("price_year", { interval: "month" }),
    price("price_life", null),
  );
  expect(problems.map(({ priceId, problem }) => `${priceId} ${problem}`)).toEqual([
    "price_month costs 1900 usd, and in the catalog 2000 usd (minor units)",
    "price_year is paid monthly, and in the catalog yearly",
    "price_life costs nothing fixed jpy, and in the catalog 50000 jpy (minor units)",
    "price_pack no provider has this price",
  ]);
  const archived = await checked(price("price_pack", { interval: "week" }, { active: false }));
  expect(archived.problems.filter(({ priceId }) => priceId === "price_pack").map(({ problem }) => problem)).toEqual([
    "is archived: nobody can buy it",
    "is paid in another interval, and in the catalog once",
  ]);
});

it("without a provider that can be asked nothing is checked", async () => {
  const { tally } = await setUp({ catalog });
  expect(await tally.payment.checkCatalog()).toEqual({ checked: 0, problems: [] });
});
