// By what names a provider's refunds and disputes call a payment: its payment intents and charges.
import type { Queryable } from "../db/database.ts";
import { subjectLane } from "./inbox.ts";
import type { PaymentReferences } from "./provider.ts";

/**
 * Remembers that these are a payment's, and reopens what waited or died because the payment was not known. The first
 * payment that claims a reference keeps it.
 */
export async function linkCharges(
  tx: Queryable,
  provider: string,
  paymentId: number,
  references: PaymentReferences,
): Promise<void> {
  if (references.length > 0) {
    await tx.query(
      `insert into tallystick.payment_charge (provider, reference, payment_id)
       select $1, reference, $2 from unnest($3::text[]) reference order by reference
       on conflict (provider, reference) do nothing`,
      [provider, paymentId, references],
    );
  }
  const linked = await tx.query<{ reference: string }>(
    `select reference from tallystick.payment_charge charge join tallystick.payment on payment.id = charge.payment_id
     where payment_id = $1 and payment.paid order by reference`,
    [paymentId],
  );
  for (const { reference } of linked) {
    await tx.query("select tallystick.retry_lane($1, 'unmatched_payment', 'payment-told')", [
      subjectLane(provider, reference),
    ]);
  }
}

export interface PaidPayment {
  readonly id: number;
  readonly userId: string | null;
  readonly amount: number;
  readonly currency: string;
}

/** The paid payment that has one of these references, or was made on the invoice; locked. Null when none is known. */
export async function lockPaidPayment(
  tx: Queryable,
  provider: string,
  references: PaymentReferences,
  invoiceId: string | null,
): Promise<PaidPayment | null> {
  const [row] = await tx.query<PaidPayment>(
    `select id, user_id as "userId", amount, currency from tallystick.payment
     where paid and id in (
       select payment_id from tallystick.payment_charge where provider = $1 and reference = any ($2)
       union all select id from tallystick.payment where provider = $1 and invoice_id = $3)
     order by id limit 1 for no key update`,
    [provider, references, invoiceId],
  );
  return row ?? null;
}
