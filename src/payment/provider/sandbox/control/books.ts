// The sandbox's books: what every payment brought, what of it was refunded and what was lost to disputes, read from the
// charges themselves. A chaos test compares them with the ledger, whatever became of the events.
import type { Change } from "../store/change.ts";
import type { Charge, Dispute, Refund } from "../store/document.ts";

export interface BookLine {
  readonly customer: string | null;
  readonly invoice: string | null;
  readonly session: string | null;
  readonly charge: string;
  readonly payment_intent: string | null;
  readonly currency: string;
  readonly paid: number;
  readonly refunded: number;
  /** Withdrawn for disputes and not given back. */
  readonly disputed: number;
  readonly lines: readonly {
    readonly price: string | null;
    readonly quantity: number;
    readonly amount: number;
    readonly proration: boolean;
  }[];
}

export interface Books {
  readonly payments: readonly BookLine[];
  readonly customers: readonly {
    readonly customer: string | null;
    readonly currency: string;
    readonly paid: number;
    readonly refunded: number;
    readonly disputed: number;
  }[];
}

export async function keepBooks(change: Change): Promise<Books> {
  const charges = await change.all("charge", { status: "succeeded", captured: true });
  const refunds = Map.groupBy(await change.all("refund", {}), ({ charge }) => charge);
  const disputes = Map.groupBy(await change.all("dispute", {}), ({ charge }) => charge);
  const payments: BookLine[] = [];
  for (const charge of charges) {
    const money = moneyOf(charge, refunds.get(charge.id) ?? [], disputes.get(charge.id) ?? []);
    payments.push({ ...money, lines: await linesOf(change, charge) });
  }
  const owners = Map.groupBy(payments, ({ customer, currency }) => JSON.stringify([customer, currency]));
  const customers = [...owners.values()].flatMap((lines) => {
    const [first] = lines;
    if (first === undefined) return [];
    const sum = (of: (line: BookLine) => number): number => lines.reduce((total, line) => total + of(line), 0);
    return [
      {
        customer: first.customer,
        currency: first.currency,
        paid: sum(({ paid }) => paid),
        refunded: sum(({ refunded }) => refunded),
        disputed: sum(({ disputed }) => disputed),
      },
    ];
  });
  return { payments, customers };
}

function moneyOf(charge: Charge, refunds: readonly Refund[], disputes: readonly Dispute[]): Omit<BookLine, "lines"> {
  const standing = refunds.filter(({ status }) => status !== "failed" && status !== "canceled");
  const moved = disputes.flatMap(({ balance_transactions: movements }) =>
    movements.map(({ amount }) => Number(amount)),
  );
  return {
    customer: charge.customer,
    invoice: charge._invoice,
    session: charge._session,
    charge: charge.id,
    payment_intent: charge.payment_intent,
    currency: charge.currency,
    paid: charge.amount_captured,
    refunded: standing.reduce((sum, { amount }) => sum + amount, 0),
    disputed: -moved.reduce((sum, amount) => sum + amount, 0) || 0,
  };
}

async function linesOf(change: Change, charge: Charge): Promise<BookLine["lines"]> {
  const invoice = await change.find("invoice", charge._invoice);
  if (invoice !== null) {
    return invoice.lines.data.map(({ _price: price, quantity, amount, _proration: proration }) => ({
      price: price?.id ?? null,
      quantity,
      amount,
      proration,
    }));
  }
  const session = await change.find("checkout.session", charge._session);
  return (session?._lines ?? []).map(({ price, quantity, amount_total: amount }) => ({
    price: price.id,
    quantity,
    amount,
    proration: false,
  }));
}
