import { describe, expect, it } from "vitest";
import { defaultRetryPolicy, retryDelayMs } from "./retry-policy.ts";

const bound = (attempt: number): number => retryDelayMs(defaultRetryPolicy, attempt, () => 1);

describe("retryDelayMs", () => {
  it("bounds the first delays by 5 s and 20 s, then by four times the one before, up to an hour", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 20].map(bound)).toEqual([
      5_000, 20_000, 80_000, 320_000, 1_280_000, 3_600_000, 3_600_000, 3_600_000,
    ]);
  });

  it("spreads over the whole range down to zero, so that failures of one moment don't come back in one moment", () => {
    expect(retryDelayMs(defaultRetryPolicy, 2, () => 0)).toBe(0);
    expect(retryDelayMs(defaultRetryPolicy, 2, () => 0.5)).toBe(10_000);
    for (let index = 0; index < 100; index += 1) {
      expect(retryDelayMs(defaultRetryPolicy, 1)).toSatisfy((delay: number) => delay >= 0 && delay <= 5_000);
    }
  });

  it("answers whole milliseconds within the maximum for any number of attempts", () => {
    expect(retryDelayMs(defaultRetryPolicy, 10_000, () => 0.123_456)).toBe(444_442);
  });
});
