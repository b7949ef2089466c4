import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { featurePrices, roundings, type FeaturePriceInput, type Rounding } from "./price-table-schema.ts";
import { cost } from "./price-table.ts";

const MAX = Number.MAX_SAFE_INTEGER;

function amountOf(price: FeaturePriceInput, quantity: number): number {
  return cost(featurePrices.parse({ it: price }), { feature: "it", quantity }).amount;
}

const refused = expect.objectContaining({ code: "invalid_request" });

describe("cost", () => {
  it("says what so much of a feature costs, and in which unit it is paid", () => {
    const prices = featurePrices.parse({ image: { credits: 3 }, tokens: { credits: 1, per: 1000, unit: "token" } });
    expect(cost(prices, { feature: "image", quantity: 3 })).toEqual({
      feature: "image",
      quantity: 3,
      unit: "credit",
      amount: 9,
    });
    expect(cost(prices, { feature: "tokens", quantity: 12_345 })).toMatchObject({ unit: "token", amount: 13 });
  });

  it.each([
    [1, 1, 0, 0],
    [499, 1, 0, 0],
    [500, 1, 0, 0],
    [501, 1, 0, 1],
    [999, 1, 0, 1],
    [1000, 1, 1, 1],
    [1001, 2, 1, 1],
    [1499, 2, 1, 1],
    [1500, 2, 1, 2],
    [1501, 2, 1, 2],
    [2000, 2, 2, 2],
    [2500, 3, 2, 2],
    [3500, 4, 3, 4],
  ])("rounds %i thousandths up to %i, down to %i, half to even to %i", (quantity, up, down, even) => {
    const of = (rounding: Rounding): number => amountOf({ credits: 1, per: 1000, rounding, minimum: 0 }, quantity);
    expect([of("up"), of("down"), of("half_even")]).toEqual([up, down, even]);
  });

  it("rounds a product once, at its end, and not the price", () => {
    expect(amountOf({ credits: "0.0125" }, 80)).toBe(1);
    expect(amountOf({ credits: "0.0125" }, 81)).toBe(2);
    expect(amountOf({ credits: 1, per: 3 }, 3)).toBe(1);
    // In binary floating point 0.1 x 3 is more than 0.3, and 1.005 x 1000 less than 1005.
    expect(amountOf({ credits: "0.1", per: 3 }, 90)).toBe(3);
    expect(amountOf({ credits: "1.005", rounding: "down" }, 1000)).toBe(1005);
  });

  it("charges the minimum for what would round to less, one credit unless said otherwise", () => {
    expect(amountOf({ credits: 1, per: 1000, rounding: "down" }, 1)).toBe(1);
    expect(amountOf({ credits: 1, per: 1000, minimum: 5 }, 4999)).toBe(5);
    expect(amountOf({ credits: 1, per: 1000, minimum: 5 }, 5001)).toBe(6);
    expect(amountOf({ credits: 1, per: 1000, rounding: "down", minimum: 0 }, 999)).toBe(0);
  });

  it("takes each part at its tier's rate when graduated, and all at one tier's rate by volume", () => {
    const tiers = [
      { upTo: 100, credits: 0 },
      { upTo: 1000, credits: 2 },
      { upTo: null, credits: "0.5" },
    ];
    const graduated = (quantity: number): number => amountOf({ mode: "graduated", tiers }, quantity);
    const volume = (quantity: number): number => amountOf({ mode: "volume", tiers }, quantity);
    expect([1, 100, 101, 1000, 1001, 1002].map(graduated)).toEqual([0, 0, 2, 1800, 1801, 1801]);
    expect([1, 100, 101, 1000, 1001, 1002].map(volume)).toEqual([0, 0, 202, 2000, 501, 501]);
  });

  it("is exact up to 2^53-1, and refuses a cost above", () => {
    expect(amountOf({ credits: 1 }, MAX)).toBe(MAX);
    expect(amountOf({ credits: MAX, per: MAX }, MAX)).toBe(MAX);
    expect(amountOf({ credits: MAX, per: 2, rounding: "down" }, 1)).toBe((MAX - 1) / 2);
    expect(amountOf({ credits: "9007199254740991.0" }, 1)).toBe(MAX);
    expect(() => amountOf({ credits: "9007199254740991.000000000000000001" }, 1)).toThrow(refused);
    expect(() => amountOf({ credits: 2 }, MAX)).toThrow(refused);
    expect(() => amountOf({ credits: 2 }, (MAX + 1) / 2)).toThrow(refused);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX + 1])("refuses the quantity %d", (quantity) => {
    expect(() => amountOf({ credits: 1 }, quantity)).toThrow(refused);
  });

  it.each(["video", "toString", "__proto__", ""])("says that the feature %j has no price", (feature) => {
    expect(() => cost(featurePrices.parse({ image: { credits: 3 } }), { feature, quantity: 1 })).toThrow(/no price/);
  });
});

describe("a price that is not exact or not whole", () => {
  it.each<[string, unknown]>([
    ["a float", { credits: 0.1 }],
    ["an exponent", { credits: "1e3" }],
    ["a sign", { credits: "-1" }],
    ["19 decimals", { credits: "0.1234567890123456789" }],
    ["per nothing", { credits: 1, per: 0 }],
    ["an unknown rounding", { credits: 1, rounding: "half_up" }],
    ["an unknown key", { credits: 1, every: 2 }],
    ["a unit that is none", { credits: 1, unit: "Credit" }],
    ["no tiers", { mode: "volume", tiers: [] }],
    ["tiers without an end", { mode: "volume", tiers: [{ upTo: 5, credits: 1 }] }],
    ["an end before the end", { mode: "graduated", tiers: [5, null, null].map((upTo) => ({ upTo, credits: 1 })) }],
    ["tiers that don't rise", { mode: "graduated", tiers: [5, 5, null].map((upTo) => ({ upTo, credits: 1 })) }],
  ])("is refused: %s", (_what, price) => {
    expect(featurePrices.safeParse({ it: price }).success).toBe(false);
  });
});

// The oracle knows no division: it checks an answer against the exact fraction by multiplication alone.
interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}
const scale = 10n ** 18n;
const scaled = (text: string): bigint => {
  const [whole = "", decimals = ""] = text.split(".");
  return BigInt(whole) * scale + BigInt(decimals.padEnd(18, "0"));
};
function isRounded(amount: bigint, { n, d }: Fraction, rounding: Rounding): boolean {
  if (rounding === "up") return amount * d >= n && (amount - 1n) * d < n;
  if (rounding === "down") return amount * d <= n && (amount + 1n) * d > n;
  const twiceOff = 2n * (amount * d - n);
  const distance = twiceOff < 0n ? -twiceOff : twiceOff;
  return distance < d || (distance === d && amount % 2n === 0n);
}

const decimal = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 10n ** 9n }),
    fc.bigInt({ min: 0n, max: scale - 1n }),
    fc.integer({ max: 18, min: 0 }),
  )
  .map(([whole, decimals, places]) =>
    places === 0 ? String(whole) : `${whole}.${String(decimals).padStart(18, "0").slice(0, places)}`,
  );
const per = fc.oneof(fc.constant(1), fc.constantFrom(10, 1000, 1_000_000), fc.integer({ min: 1, max: MAX }));
const rounding = fc.constantFrom(...roundings);
const quantity = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 4_000_000 }));
const runs = { numRuns: 2000 };

describe("against exact fractions", () => {
  it("a flat price costs the product, rounded as it says", () => {
    fc.assert(
      fc.property(decimal, per, rounding, quantity, (credits, of, mode, q) => {
        const exact = { n: scaled(credits) * BigInt(q), d: scale * BigInt(of) };
        const amount = amountOf({ credits, per: of, rounding: mode, minimum: 0 }, q);
        expect(isRounded(BigInt(amount), exact, mode)).toBe(true);
      }),
      runs,
    );
  });

  it("graduated tiers cost the sum of every single one at its own tier's rate, and volume tiers all at the last one's", () => {
    const tiers = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), decimal, fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        tiers,
        rounding,
        fc.constantFrom("graduated", "volume"),
        fc.integer({ min: 1, max: 200 }),
        (steps, r, mode, q) => {
          let end = 0;
          const given = steps.map(([width, credits, of], index) => {
            end += width;
            return { upTo: index === steps.length - 1 ? null : end, credits, per: of };
          });
          const rateAt = (n: number): Fraction => {
            const tier = given.find(({ upTo }) => upTo === null || n <= upTo);
            return { n: scaled(tier?.credits ?? "0"), d: scale * BigInt(tier?.per ?? 1) };
          };
          let exact: Fraction = { n: 0n, d: 1n };
          for (let n = 1; n <= q; n += 1) {
            const { n: top, d } = rateAt(mode === "volume" ? q : n);
            exact = { n: exact.n * d + top * exact.d, d: exact.d * d };
          }
          const amount = amountOf({ mode, tiers: given, rounding: r, minimum: 0 }, q);
          expect(isRounded(BigInt(amount), exact, r)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a quantity split into parts", () => {
  const parts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 12 });
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  const split = (price: FeaturePriceInput, of: readonly number[]): [number, number] => [
    sum(of.map((part) => amountOf(price, part))),
    amountOf(price, sum(of)),
  ];

  it("never costs less than the whole when rounded up, whatever the minimum", () => {
    fc.assert(
      fc.property(decimal, per, fc.integer({ min: 0, max: 50 }), parts, (credits, of, minimum, given) => {
        const [together, whole] = split({ credits, per: of, minimum }, given);
        expect(together).toBeGreaterThanOrEqual(whole);
      }),
      runs,
    );
  });

  it("never costs more than the whole when rounded down without a minimum", () => {
    fc.assert(
      fc.property(decimal, per, parts, (credits, of, given) => {
        const [together, whole] = split({ credits, per: of, rounding: "down", minimum: 0 }, given);
        expect(together).toBeLessThanOrEqual(whole);
      }),
      runs,
    );
  });

  it("costs within half a credit a part of the whole, and half one for the whole, when rounded half to even", () => {
    fc.assert(
      fc.property(decimal, per, parts, (credits, of, given) => {
        const [together, whole] = split({ credits, per: of, rounding: "half_even", minimum: 0 }, given);
        expect(Math.abs(together - whole) * 2).toBeLessThanOrEqual(given.length + 1);
      }),
      runs,
    );
  });

  it("costs no less for more, at one rate or graduated", () => {
    const tiers = [
      { upTo: 10, credits: 5, per: 2 },
      { upTo: null, credits: "0.3" },
    ];
    fc.assert(
      fc.property(quantity, quantity, rounding, (a, b, mode) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const price: FeaturePriceInput = { mode: "graduated", tiers, rounding: mode };
        expect(amountOf(price, less)).toBeLessThanOrEqual(amountOf(price, more));
      }),
      runs,
    );
  });
});
