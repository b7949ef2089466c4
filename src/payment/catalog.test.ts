// The catalog is checked whole when the product starts, and answers by price.
import { describe, expect, it } from "vitest";
import { defineCatalog, type CatalogInput } from "./catalog.ts";

const plan = { id: "pro", name: "Pro", credits: 1000 };

describe("a price of the catalog", () => {
  const planOf = (price: object) => ({ plans: [{ id: "pro", name: "Pro", credits: 1000, prices: [price as never] }] });

  it("gives its own credits where it says so, else its plan's or pack's", () => {
    const catalog = defineCatalog({
      plans: [
        {
          id: "pro",
          name: "Pro",
          credits: 1000,
          prices: [
            { id: "usd", interval: "month", amount: 2000, currency: "usd" },
            { id: "jpy", interval: "month", amount: 3000, currency: "jpy", credits: 1100 },
          ],
        },
      ],
      packs: [{ id: "pack", name: "Pack", credits: 500, priceId: "once", prices: [{ id: "more", credits: 600 }] }],
    });
    const given = ["usd", "jpy", "once", "more"].map((id) => catalog.price(id));
    expect(given.map((entry) => (entry?.kind === "none" ? 0 : entry?.credits))).toEqual([1000, 1100, 500, 600]);
    expect(catalog.prices).toEqual([
      { id: "usd", of: "plan:pro", name: "Pro", interval: "month", amount: 2000, currency: "usd" },
      { id: "jpy", of: "plan:pro", name: "Pro", interval: "month", amount: 3000, currency: "jpy" },
      { id: "once", of: "pack:pack", name: "Pack", interval: "once", amount: null, currency: null },
      { id: "more", of: "pack:pack", name: "Pack", interval: "once", amount: null, currency: null },
    ]);
  });

  it.each([
    ["an amount without its currency", planOf({ id: "p", interval: "month", amount: 1 }), /needs its currency/],
    ["credits of a yearly price", planOf({ id: "p", interval: "year", credits: 1 }), /only a monthly price/],
    ["a currency in upper case", planOf({ id: "p", interval: "month", amount: 1, currency: "USD" }), /currency/],
    ["a pack without a price", { packs: [{ id: "pack", name: "Pack", credits: 1 }] }, /needs a priceId, or prices/],
  ])("is refused: %s", (_, input, message) => {
    expect(() => defineCatalog(input)).toThrow(message);
  });
});

describe("defineCatalog", () => {
  it("finds plans and packs by their prices, and knows prices without credits", () => {
    const catalog = defineCatalog({
      plans: [{ ...plan, prices: [{ id: "price_year", interval: "year" }] }],
      packs: [{ id: "basic", name: "Basic", credits: 100, priceId: "price_basic" }],
      pricesWithoutCredits: ["price_setup"],
    });
    expect(catalog.price("price_year")).toMatchObject({
      kind: "plan",
      interval: "year",
      plan: { id: "pro", trialCredits: 0, validDays: null },
    });
    expect(catalog.price("price_basic")).toMatchObject({ kind: "pack", pack: { credits: 100, validDays: null } });
    expect(catalog.price("price_setup")).toEqual({ kind: "none" });
    expect(catalog.price("price_other")).toBeUndefined();
    expect(catalog.price("__proto__")).toBeUndefined();
    expect(catalog.plan("pro")?.credits).toBe(1000);
  });

  it.each<[string, CatalogInput]>([
    ["credits of zero", { plans: [{ ...plan, credits: 0 }] }],
    ["credits of a half", { plans: [{ ...plan, credits: 0.5 }] }],
    ["credits beyond the safe integers", { plans: [{ ...plan, credits: 2 ** 53 }] }],
    ["rollover beside days of validity", { plans: [{ ...plan, validDays: 30, rollover: { max: 10 } }] }],
    ["rollover of more at the least than at the most", { plans: [{ ...plan, rollover: { max: 10, min: 11 } }] }],
    ["days of zero", { plans: [{ ...plan, validDays: 0 }] }],
    ["a plan twice", { plans: [plan, plan] }],
    [
      "a price in a plan and a pack",
      {
        plans: [{ ...plan, prices: [{ id: "p", interval: "month" }] }],
        packs: [{ id: "b", name: "B", credits: 1, priceId: "p" }],
      },
    ],
    ["an empty price id", { pricesWithoutCredits: [""] }],
    ["an unknown field", { plans: [{ ...plan, creditz: 5 } as typeof plan] }],
  ])("refuses %s", (_, input) => {
    expect(() => defineCatalog(input)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("reports every problem at once", () => {
    expect(() =>
      defineCatalog({
        plans: [
          { ...plan, credits: 0, validDays: -1 },
          { ...plan, name: "" },
        ],
      }),
    ).toThrow(/credits[\s\S]*validDays[\s\S]*name/);
  });
});
