// One effect for each Idempotency-Key: the answer is stored in the transaction of the effect, and given again. What was
// refused without an effect is not stored, as in Stripe.
import { createHash } from "node:crypto";
import type { Queryable } from "../../../../db/database.ts";
import { Refusal } from "./refusal.ts";

export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
}

export function fingerprint(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The answer of an earlier request with this key. @throws Refusal when that one asked for something else */
export async function findAnswer(tx: Queryable, key: string, print: string): Promise<StoredAnswer | null> {
  const [row] = await tx.query<StoredAnswer & { fingerprint: string }>(
    "select fingerprint, status, body from tallystick_sandbox.idempotency where key = $1",
    [key],
  );
  if (row === undefined) return null;
  if (row.fingerprint !== print) {
    throw new Refusal(400, {
      type: "idempotency_error",
      message:
        "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
        `Try using a key other than '${key}' if you meant to execute a different request.`,
    });
  }
  return { status: row.status, body: row.body };
}

export async function storeAnswer(tx: Queryable, key: string, print: string, answer: StoredAnswer): Promise<void> {
  await tx.query(
    `insert into tallystick_sandbox.idempotency (key, fingerprint, status, body) values ($1, $2, $3, $4::jsonb)
     on conflict (key) do nothing`,
    [key, print, answer.status, JSON.stringify(answer.body)],
  );
}
