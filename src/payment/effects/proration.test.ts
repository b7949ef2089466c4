import { describe, expect, it } from "vitest";
import { defineCatalog } from "../catalog.ts";
import { prorationOf } from "./proration.ts";

const catalog = (proration: "none" | "credits") =>
  defineCatalog({
    plans: [
      { id: "pro", name: "Pro", credits: 1000, proration, prices: [{ id: "pro", interval: "month" }] },
      { id: "team", name: "Team", credits: 5000, proration, prices: [{ id: "team", interval: "month" }] },
      { id: "year", name: "Year", credits: 9000, proration, prices: [{ id: "year", interval: "year" }] },
    ],
  });

const line = (priceId: string, amount: number, [start, end]: readonly [string, string], quantity = 1) => ({
  lineId: `${priceId}${amount}`,
  priceId,
  quantity,
  amount,
  proration: true,
  period: { startsAt: new Date(start), endsAt: new Date(end) },
});

describe("the prorations of an invoice", () => {
  const half = ["2026-04-16", "2026-05-01"] as const;
  const given = (...lines: ReturnType<typeof line>[]): number | undefined =>
    prorationOf(catalog("credits"), lines)?.credits;

  it("give for the time that is left what the new plan gives more than the old one", () => {
    expect(given(line("pro", -1000, half), line("team", 2500, half))).toBe(2000);
    expect(given(line("pro", -1000, half), line("pro", 3000, half, 3))).toBe(1000);
    expect(
      given(line("pro", -2000, ["2026-04-01", "2026-05-01"]), line("team", 5000, ["2026-04-01", "2026-05-01"])),
    ).toBe(4000);
  });

  it("are counted in the days of the month that they end, also at a month's end, and rounded down", () => {
    expect(given(line("pro", 100, ["2026-02-28", "2026-03-31"]))).toBe(1000);
    expect(given(line("pro", 100, ["2026-03-30", "2026-03-31"]))).toBe(32);
    expect(given(line("pro", 100, ["2026-02-10", "2026-02-20"]))).toBe(322);
  });

  it("give nothing for less than before, of yearly prices, of lines without a period, and where the plan says none", () => {
    expect(given(line("team", -2500, half), line("pro", 1000, half))).toBeUndefined();
    expect(given(line("pro", 1000, half), line("pro", -1000, half))).toBeUndefined();
    expect(given(line("year", 1000, half))).toBeUndefined();
    expect(prorationOf(catalog("credits"), [{ ...line("pro", 1000, half), period: null }])).toBeNull();
    expect(prorationOf(catalog("none"), [line("pro", -1000, half), line("team", 2500, half)])).toBeNull();
  });
});
