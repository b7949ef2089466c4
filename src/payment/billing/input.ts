// Checks of what a caller gives, before anything is asked. Sums and credits are never among it.
import { TallystickError } from "../../kernel/errors.ts";

const MAX_URL = 2048;
const MAX_QUANTITY = 100;
const CHECKOUT_ID = "{CHECKOUT_SESSION_ID}";

/** @throws invalid_request unless it is an absolute http(s) address */
export function checkUrl(name: string, value: unknown): string {
  // A template's braces are no part of an address.
  const url = typeof value === "string" && value.length <= MAX_URL ? value.replaceAll(CHECKOUT_ID, "id") : "";
  const parsed = /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || parsed.username !== "" || parsed.password !== "" || /\s/.test(url)) {
    throw invalid(`${name} must be an absolute http(s) URL of at most ${MAX_URL} characters, without credentials.`);
  }
  return value as string;
}

/** The address with the checkout's id to be put in, where it does not say where. */
export function withCheckoutId(url: string): string {
  if (url.includes(CHECKOUT_ID)) return url;
  const [address = "", ...fragment] = url.split("#");
  const query = `${address}${address.includes("?") ? "&" : "?"}checkout_id=${CHECKOUT_ID}`;
  return [query, ...fragment].join("#");
}

/** @throws invalid_request */
export function checkQuantity(value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= MAX_QUANTITY)) return;
  throw invalid(`quantity must be a whole number from 1 to ${MAX_QUANTITY}.`);
}

/** @throws invalid_request */
export function checkId(name: string, value: unknown): void {
  if (typeof value === "string" && /^[\x21-\x7e]{1,255}$/.test(value)) return;
  throw invalid(`${name} must be 1 to 255 printable characters without spaces.`);
}

/** @throws invalid_request */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw invalid(`${name} must be one of ${choices.join(", ")}.`);
}

function invalid(message: string): TallystickError {
  return new TallystickError("invalid_request", message);
}
