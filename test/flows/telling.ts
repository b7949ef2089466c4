// What Stripe tells of one buyer, in the shape since API 2025-03-31 or before it.
import { checkoutSession } from "../support/engine.ts";
import type { Buyer, Told } from "./every-order.ts";
import { olderShape } from "./older-shape.ts";
import { dispute, invoice, invoicePayment, refund, subscription, type LineInput } from "./stripe-objects.ts";

export type Shape = "since 2025" | "before 2025";

export type Telling = ReturnType<typeof telling>;

/** Makes the events of one buyer in one shape. */
export function telling(buyer: Buyer, shape: Shape) {
  const { id, userId } = buyer;
  const shaped = (object: Record<string, unknown>, paymentIntent?: string): Record<string, unknown> =>
    shape === "before 2025" ? olderShape(object, paymentIntent) : object;
  const state = (
    event: string,
    status: string,
    price = "price_basic_month",
    also: Record<string, unknown> = {},
  ): Told => {
    const known = { id: id("sub"), customer: id("cus"), userId };
    const object = { ...subscription({ ...known, status, priceId: price }), ...also };
    const api = { [`/v1/subscriptions/${known.id}`]: object };
    return { type: `customer.subscription.${event}`, object: shaped(object), api };
  };
  const invoiced = (type: "paid" | "payment_failed", word: string, lines: readonly LineInput[]): Told => {
    const known = { id: id(word), customer: id("cus"), subscription: id("sub"), userId };
    const named = lines.map((line, index) => ({ id: id(`il_${word}_${index}`), ...line }));
    return { type: `invoice.${type}`, object: shaped(invoice({ ...known, lines: named }), id(`pi_${word}`)) };
  };
  return {
    id,
    userId,
    state,
    invoice: invoiced,
    /** An invoice that was paid by card: since 2025 an event of its own tells by which payment. */
    paidByCard(word: string, lines: readonly LineInput[]): Told[] {
      const paid = invoiced("paid", word, lines);
      if (shape === "before 2025") return [paid];
      const paymentIntent = id(`pi_${word}`);
      const object = invoicePayment({ invoice: id(word), paymentIntent, amount: 2000 });
      return [paid, { type: "invoice_payment.paid", object }];
    },
    session(
      type: string,
      word: string,
      paymentStatus: "paid" | "unpaid" | "no_payment_required",
      priceId: string,
    ): Told {
      const known = { id: id(word), userId, customer: id("cus"), paymentIntent: id(`pi_${word}`) };
      return { type: `checkout.session.${type}`, object: checkoutSession({ ...known, priceId, paymentStatus }) };
    },
    dispute(event: string, of: string, amount: number, status: string, moved: readonly number[] = []): Told {
      const object = dispute({ id: id("dp"), paymentIntent: id(`pi_${of}`), amount, status, moved });
      return { type: `charge.dispute.${event}`, object, api: { [`/v1/disputes/${id("dp")}`]: object } };
    },
    refund(word: string, of: string, amount: number): Told {
      const object = refund({ id: id(word), paymentIntent: id(`pi_${of}`), amount });
      return { type: "refund.created", object, api: { [`/v1/refunds/${id(word)}`]: object } };
    },
  };
}
