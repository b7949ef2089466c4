import { describe, expect, it } from "vitest";
import { formatMoney, minorUnitDigits } from "./money.ts";

describe("formatMoney", () => {
  it.each([
    [999, "usd", "$9.99"],
    [5, "USD", "$0.05"],
    [0, "usd", "$0.00"],
    [-1050, "usd", "-$10.50"],
    [500, "jpy", "¥500"],
    [1234, "kwd", "KWD 1.234"],
    [Number.MAX_SAFE_INTEGER, "usd", "$90,071,992,547,409.91"],
    [999, "isk", "ISK 9.99"],
    [100, "ugx", "UGX 1.00"],
  ])("places the point of %d %s as Stripe counts it: %s", (amount, currency, expected) => {
    expect(formatMoney(amount, currency, "en-US").replaceAll("\u00a0", " ")).toBe(expected);
  });

  it("writes as the reader's language does", () => {
    expect(formatMoney(123_456, "eur", "de-DE").replaceAll("\u00a0", " ")).toBe("1.234,56 €");
  });
});

describe("minorUnitDigits", () => {
  it("knows currencies without and with three decimals, in any case", () => {
    expect(["jpy", "KRW", "kwd", "usd", "xyz"].map(minorUnitDigits)).toEqual([0, 0, 3, 2, 2]);
  });
});
