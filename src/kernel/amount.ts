// Credit amounts: whole numbers, 1 to 2^53-1. A product that prices below one credit chooses a smaller unit.
import { TallystickError } from "./errors.ts";

export const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;

/** Asserts a positive whole number of credits within the safe range. @throws invalid_request */
export function assertAmount(value: unknown, name = "amount"): asserts value is number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw new TallystickError(
      "invalid_request",
      `${name} must be a whole number from 1 to ${MAX_AMOUNT}; use a smaller unit for fractions.`,
    );
  }
}
