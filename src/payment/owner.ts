// Whom a fact belongs to: the user that its metadata names, else the stored owner of the provider's customer.
import type { Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { subjectLane } from "./inbox.ts";
import type { Owner } from "./provider.ts";

/** Finds the user and, when the fact names both, remembers whose customer it is. Null when nobody is known. */
export async function findOwner(tx: Queryable, provider: string, owner: Owner): Promise<string | null> {
  const erased = owner.customerId === null ? null : await erasedOwner(tx, provider, owner.customerId);
  if (erased !== null) return erased;
  if (owner.userId !== null) {
    if (owner.customerId !== null) {
      await linkCustomer(tx, provider, owner.customerId, owner.userId, { move: owner.claimed !== true });
    }
    return owner.userId;
  }
  if (owner.customerId === null) return null;
  const [row] = await tx.query<{ user_id: string }>(
    "select user_id from tallystick.customer where provider = $1 and customer_id = $2",
    [provider, owner.customerId],
  );
  return row?.user_id ?? null;
}

// The alias of an erased user keeps the customer: the provider's metadata, which still name the user, bring nobody back.
async function erasedOwner(tx: Queryable, provider: string, customerId: string): Promise<string | null> {
  const [row] = await tx.query<{ user_id: string }>(
    "select user_id from tallystick.customer where provider = $1 and customer_id = $2 and user_id like 'erased:%'",
    [provider, customerId],
  );
  return row?.user_id ?? null;
}

/** Finds the user or fails so that a person sees it. @throws unmatched_account */
export async function requireOwner(tx: Queryable, provider: string, owner: Owner): Promise<string> {
  const userId = await findOwner(tx, provider, owner);
  if (userId !== null) return userId;
  throw new TallystickError(
    "unmatched_account",
    owner.customerId === null
      ? "The event names neither a user (metadata.userId) nor a customer: grant by hand, and set the metadata in future."
      : `Customer ${owner.customerId} of ${provider} belongs to no known user; payment.linkCustomer maps it and replays this.`,
  );
}

/**
 * Maps a provider's customer to a user. A new mapping reopens the customer's events that waited or died for want of it.
 * With `move`, what is written later wins: a customer handed to another user follows. Without, the payer alone claimed it:
 * it tells whose the customer's payments are, and nothing is sold through it.
 */
export async function linkCustomer(
  tx: Queryable,
  provider: string,
  customerId: string,
  userId: string,
  { move }: { readonly move: boolean },
): Promise<void> {
  const changed = await tx.query(
    `insert into tallystick.customer (provider, customer_id, user_id, claimed) values ($1, $2, $3, not $4)
     on conflict (provider, customer_id) do update set user_id = excluded.user_id, claimed = false, updated_at = clock_timestamp()
     where $4 and (customer.user_id <> excluded.user_id or customer.claimed) returning id`,
    [provider, customerId, userId, move],
  );
  if (changed.length === 0) return;
  await tx.query("select tallystick.retry_lane($1, 'unmatched_account', 'customer-linked')", [
    subjectLane(provider, customerId),
  ]);
}
