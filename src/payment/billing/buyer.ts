// Who buys: a user that may, and the one customer that stands for the user at the provider.
import { isFrozen } from "../../credits/account-state.ts";
import { checkAccount } from "../../credits/input.ts";
import type { Queryable } from "../../db/database.ts";
import { TallystickError } from "../../kernel/errors.ts";
import { sha256 } from "../../kernel/sha256.ts";
import { linkCustomer } from "../owner.ts";
import type { BillingContext, Seller } from "./context.ts";

/** @throws invalid_request; invalid_state for what stands in an erased user's place; account_frozen */
export async function requireBuyer({ database }: BillingContext, userId: string): Promise<void> {
  requireKnownUser(userId);
  if (!(await isFrozen(database, userId))) return;
  throw new TallystickError("account_frozen", "The account is frozen: nothing is sold to it until it is unfrozen.");
}

/** @throws invalid_request; invalid_state for what stands in an erased user's place */
export function requireKnownUser(userId: string): void {
  checkAccount({ userId });
  if (userId.startsWith("erased:")) throw erased();
}

/** The customer through which the user buys; null: there is none yet. */
export async function customerOf(queryable: Queryable, provider: string, userId: string): Promise<string | null> {
  const [row] = await queryable.query<{ customer_id: string }>(
    `select customer_id from tallystick.customer where provider = $1 and user_id = $2 and not claimed
     order by id desc limit 1`,
    [provider, userId],
  );
  return row?.customer_id ?? null;
}

/**
 * Does something with the user's customer, which is made where there is none, or none any more (`use` answers null).
 * Of calls at once, from any processes, each orders the same customer under the same key, and the provider makes one.
 */
export async function withCustomer<Result>(
  context: BillingContext,
  seller: Seller,
  buyer: { readonly userId: string; readonly email: string | null },
  use: (customerId: string) => Promise<Result | null>,
): Promise<Result> {
  const known = await customerOf(context.database, seller.name, buyer.userId);
  if (known !== null) {
    const result = await use(known);
    if (result !== null) return result;
  }
  // The key of a customer that takes another's place names that one, or the provider would answer with it again.
  const key = await sha256(JSON.stringify([seller.name, buyer.userId, known]));
  const made = await seller.actions.createCustomer({ ...buyer, key });
  await storeCustomer(context, seller.name, made, buyer.userId);
  const result = await use(made);
  if (result !== null) return result;
  throw new TallystickError(
    "provider_unavailable",
    `${seller.name} does not know the customer that it made; try again.`,
  );
}

// Whose the customer is was decided by whoever stored it first: an erased user's stays the alias's.
async function storeCustomer(
  { database }: BillingContext,
  provider: string,
  customerId: string,
  userId: string,
): Promise<void> {
  const owner = await database.transaction(async (tx) => {
    await linkCustomer(tx, provider, customerId, userId, { move: false });
    const [row] = await tx.query<{ user_id: string }>(
      `update tallystick.customer set claimed = claimed and user_id <> $3
       where provider = $1 and customer_id = $2 returning user_id`,
      [provider, customerId, userId],
    );
    return row?.user_id;
  });
  if (owner === userId) return;
  if (owner?.startsWith("erased:") === true) throw erased();
  throw new TallystickError(
    "invalid_state",
    `Customer ${customerId} of ${provider} is mapped to another user; payment.linkCustomer says whose it is.`,
  );
}

function erased(): TallystickError {
  return new TallystickError("invalid_state", "This user has been erased: nothing is sold under this user id.");
}
