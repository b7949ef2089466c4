// Whom a fact belongs to: the user that its metadata names, else the stored owner of the provider's customer.
import { hasAccount } from "../credits/account-state.ts";
import type { Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { subjectLane } from "./inbox.ts";
import type { Owner } from "./provider.ts";

// What erasing a user puts in the user id's place begins with it.
const ERASED = "erased:";

/**
 * Finds the user and, when the fact names both, remembers whose customer it is. Null when nobody is known. The customer
 * is locked until the transaction ends, so that an erasure comes before or after. The alias of an erased user keeps the
 * customer: the provider's metadata, which still name the user, bring nobody back. They give it to another user, who has
 * an account.
 */
export async function findOwner(tx: Queryable, provider: string, owner: Owner): Promise<string | null> {
  const { customerId, userId } = owner;
  if (customerId === null) return userId;
  const [known] = await tx.query<{ user_id: string; claimed: boolean }>(
    "select user_id, claimed from tallystick.customer where provider = $1 and customer_id = $2 for no key update",
    [provider, customerId],
  );
  if (userId === null) return known?.user_id ?? null;
  if (known?.user_id.startsWith(ERASED) === true && (owner.claimed === true || !(await hasAccount(tx, userId)))) {
    return known.user_id;
  }
  const isLinked = known?.user_id === userId && (!known.claimed || owner.claimed === true);
  if (!isLinked) await linkCustomer(tx, provider, customerId, userId, { move: owner.claimed !== true });
  return userId;
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
