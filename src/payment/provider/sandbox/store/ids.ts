// Ids as Stripe makes them: a prefix that tells the kind, and random letters and digits.
import { randomInt } from "node:crypto";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A new id such as `cus_4fGh…`. */
export function createId(prefix: string, length = 24): string {
  return `${prefix}_${Array.from({ length }, () => letters[randomInt(letters.length)]).join("")}`;
}
