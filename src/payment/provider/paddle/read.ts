// Readers of what only Paddle's JSON has: amounts as texts, times in RFC 3339, custom data.
import { TallystickError } from "../../../kernel/errors.ts";
import type { Owner } from "../../provider.ts";
import { integer, record, text, type Json } from "../json.ts";

const MAX_USER_ID_LENGTH = 255;

/** An amount: a text of whole minor units of the currency, whatever the number of its decimals. */
export function amount(value: unknown): number | null {
  const told = text(value);
  return told !== null && /^-?\d{1,16}$/.test(told) ? integer(Number(told)) : null;
}

/** ISO 4217 in lower case; `xxx` is "no currency". */
export function currency(value: unknown): string {
  return text(value)?.toLowerCase() ?? "xxx";
}

/** A time in RFC 3339. */
export function time(value: unknown): Date | null {
  const date = new Date(text(value) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** The value, or an error that names what is missing. @throws invalid_request */
export function required<T>(value: T | null, name: string): T {
  if (value === null) throw new TallystickError("invalid_request", `Paddle's event has no valid ${name}.`);
  return value;
}

/**
 * Whose a transaction or subscription is. The custom data can be set in the payer's browser (Paddle.js), also on a
 * transaction that the server made: the user in them is who is paid for, and takes no customer from its owner.
 */
export function ownerOf(data: Json): Owner {
  const { userId } = record(data.custom_data);
  const isUserId = typeof userId === "string" && userId.trim() !== "" && userId.length <= MAX_USER_ID_LENGTH;
  const customerId = text(data.customer_id);
  return isUserId ? { userId, claimed: true, customerId } : { userId: null, customerId };
}
