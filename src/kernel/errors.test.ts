import { describe, expect, it } from "vitest";
import { assertAmount, MAX_AMOUNT } from "./amount.ts";
import { errorBody, errorCodes, isTallystickError, TallystickError, type ErrorCode } from "./errors.ts";

describe("TallystickError", () => {
  it.each(Object.keys(errorCodes) as ErrorCode[])(
    "%s has a client or server status, and only server errors and open matters are retryable",
    (code) => {
      const error = new TallystickError(code, "what happened");
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(error.status).toBeLessThan(600);
      expect(error.retryable).toBe(error.status >= 500 || code.startsWith("unmatched_"));
      expect(errorCodes[code].summary).toMatch(/\.$/);
    },
  );

  it("is known across copies of the library, and nothing else is", () => {
    expect(isTallystickError(new TallystickError("not_found", "none"))).toBe(true);
    expect(isTallystickError({ [Symbol.for("tallystick.error")]: true, code: "not_found" })).toBe(true);
    for (const other of [new Error("x"), null, undefined, "not_found", { code: "not_found" }])
      expect(isTallystickError(other)).toBe(false);
  });

  it("keeps its cause, and has none when none was given", () => {
    const cause = new Error("below");
    expect(new TallystickError("internal", "above", { cause }).cause).toBe(cause);
    expect("cause" in new TallystickError("internal", "above")).toBe(false);
  });

  it("answers its details beside the code, which they can't replace", () => {
    const error = new TallystickError("insufficient_credits", "too few", {
      details: { available: 3, code: "forged", message: "forged" },
    });
    expect(errorBody(error)).toEqual({ error: { code: "insufficient_credits", message: "too few", available: 3 } });
  });
});

describe("assertAmount", () => {
  it.each([1, 2, MAX_AMOUNT])("takes %d", (amount) => {
    expect(() => assertAmount(amount)).not.toThrow();
  });

  it.each([
    0,
    -0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    Infinity,
    Number.NaN,
    "10",
    10n,
    null,
    undefined,
    [1],
    { valueOf: () => 1 },
  ])("refuses %s", (amount) => {
    expect(() => assertAmount(amount, "price")).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining("price") }),
    );
  });
});
