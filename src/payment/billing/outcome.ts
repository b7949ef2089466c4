// What became of a checkout, for the page that the payer comes back to: the ledger is asked, because the redirect proves
// nothing and the webhook may come later.
import { grantedByPayment } from "../../credits/grant.ts";
import { checkAccount } from "../../credits/input.ts";
import type { Queryable } from "../../db/database.ts";
import { TallystickError } from "../../kernel/errors.ts";
import { requireSeller, type BillingContext } from "./context.ts";
import { checkId } from "./input.ts";

export interface CheckoutOutcomeInput {
  readonly userId: string;
  readonly checkoutId: string;
  readonly provider?: string | undefined;
}

export interface CheckoutOutcome {
  readonly checkoutId: string;
  /**
   * open: not paid yet. processing: done by the payer, while the money or its event is under way. granted: paid, and all
   * that it gives is on the account. failed: the money did not come. expired: left unpaid.
   */
  readonly status: "open" | "processing" | "granted" | "failed" | "expired";
  /** What the payment has given so far. */
  readonly credits: number;
  readonly priceId: string | null;
  /** Null for a pack, and for a checkout whose price is not known. */
  readonly planId: string | null;
}

interface StoredPayment {
  readonly id: number;
  readonly userId: string | null;
  readonly status: "pending" | "paid" | "failed";
  readonly priceId: string | null;
}

/** Asks the provider only where the checkout is not known yet. @throws not_found, also for another user's */
export async function checkoutOutcome(
  context: BillingContext,
  { userId, checkoutId, provider }: CheckoutOutcomeInput,
): Promise<CheckoutOutcome> {
  checkAccount({ userId });
  checkId("checkoutId", checkoutId);
  const { name } = context.providers.require(provider);
  const known = await findPayment(context.database, name, { checkoutId, invoiceId: null });
  if (known !== null && known.userId !== null) return outcomeOf(context, userId, checkoutId, known);
  const state = await requireSeller(context, provider).actions.checkoutState(checkoutId);
  if (state === null || state.userId !== userId) throw unknown();
  if (state.status !== "complete")
    return describe(context, { checkoutId, status: state.status, priceId: state.priceId });
  // An invoice that was told before its checkout does not name it yet; and either may have come in the meantime.
  const told = await findPayment(context.database, name, { checkoutId, invoiceId: state.invoiceId });
  // Whose a payment is may be told after that it was made.
  if (told !== null && told.userId !== null) return outcomeOf(context, userId, checkoutId, told);
  return describe(context, { checkoutId, status: "processing", priceId: state.priceId });
}

async function findPayment(
  queryable: Queryable,
  provider: string,
  { checkoutId, invoiceId }: { readonly checkoutId: string; readonly invoiceId: string | null },
): Promise<StoredPayment | null> {
  const [row] = await queryable.query<StoredPayment>(
    `select id, user_id as "userId", status, price_id as "priceId" from tallystick.payment
     where provider = $1 and (session_id = $2 or invoice_id = $3) order by paid desc, id limit 1`,
    [provider, checkoutId, invoiceId],
  );
  return row ?? null;
}

async function outcomeOf(
  context: BillingContext,
  userId: string,
  checkoutId: string,
  payment: StoredPayment,
): Promise<CheckoutOutcome> {
  if (payment.userId !== userId) throw unknown();
  const { id, priceId, status } = payment;
  // Paid and granted are written in one transaction.
  const credits = status === "paid" ? await grantedByPayment(context.database, id) : 0;
  const words = { pending: "processing", paid: "granted", failed: "failed" } as const;
  return describe(context, { checkoutId, status: words[status], priceId, credits });
}

function describe(
  { catalog }: BillingContext,
  known: {
    readonly checkoutId: string;
    readonly status: CheckoutOutcome["status"];
    readonly priceId: string | null;
    readonly credits?: number;
  },
): CheckoutOutcome {
  const { checkoutId, status, priceId, credits = 0 } = known;
  const entry = priceId === null ? undefined : catalog.price(priceId);
  return { checkoutId, status, credits, priceId, planId: entry?.kind === "plan" ? entry.plan.id : null };
}

function unknown(): TallystickError {
  return new TallystickError("not_found", "The user has no such checkout.");
}
