// Adjustments: what changes a transaction after it was billed. Each is a record of its own that stays: what a chargeback
// took comes back by another one, and refunds wait for Paddle's approval first.
import { TallystickError } from "../../../kernel/errors.ts";
import type { PaymentFact, ReturnState } from "../../provider.ts";
import { record, records, text, type Json } from "../json.ts";
import { unanswered, type FactContext } from "./api.ts";
import { amount, currency, required } from "./read.ts";

const stages: Readonly<Record<string, number>> = { pending_approval: 1, approved: 2, rejected: 3, reversed: 3 };

type Kind = Pick<ReturnState, "type" | "inquiry" | "outcome"> & { readonly moves: "refund" | "always" | "never" };

// A warning tells of a chargeback that may come, and takes nothing; its reversal says that none will. Credits lower what
// is due on an invoice or the next ones: nothing goes back to the payer.
const kinds: Readonly<Record<string, Kind | null>> = {
  refund: { type: "refund", inquiry: false, outcome: null, moves: "refund" },
  chargeback: { type: "dispute", inquiry: false, outcome: null, moves: "always" },
  chargeback_reverse: { type: "reversal", inquiry: false, outcome: "won", moves: "always" },
  chargeback_warning: { type: "dispute", inquiry: true, outcome: null, moves: "never" },
  chargeback_warning_reverse: { type: "dispute", inquiry: true, outcome: "withdrawn", moves: "never" },
  credit: null,
  credit_reverse: null,
};

/** `adjustment.created` and `adjustment.updated`. */
export async function adjustmentFacts(data: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const adjustmentId = required(text(data.id), "adjustment id");
  const kind = kindOf(adjustmentId, text(data.action));
  if (kind === null) return [];
  const { object, current } = await currentOf(adjustmentId, data, context);
  const transactionId = required(text(object.transaction_id), "transaction id");
  const money = { amount: returnedAmount(object), currency: currency(object.currency_code) };
  if (money.amount === 0) return [];
  const status = required(text(object.status), "adjustment status");
  return [
    {
      kind: "payment_returned",
      references: [transactionId],
      invoiceId: transactionId,
      returned: {
        returnId: adjustmentId,
        type: kind.type,
        status,
        stage: stages[status] ?? 2,
        money,
        stands: hasMoved(kind, status),
        inquiry: kind.inquiry,
        outcome: kind.outcome,
        answerBy: null,
      },
      current,
    },
  ];
}

function kindOf(adjustmentId: string, action: string | null): Kind | null {
  const kind = action === null || !Object.hasOwn(kinds, action) ? undefined : kinds[action];
  if (kind !== undefined) return kind;
  throw new TallystickError(
    "invalid_request",
    `Adjustment ${adjustmentId} has an action that is not known here: ${(action ?? "none").slice(0, 80)}.`,
  );
}

async function currentOf(adjustmentId: string, data: Json, { api }: FactContext) {
  if (api === null) return { object: data, current: false };
  const answer = await api.adjustment(adjustmentId);
  if (answer.outcome === "found") return { object: answer.value, current: true };
  if (answer.outcome === "missing") return { object: data, current: false };
  throw unanswered(`adjustment ${adjustmentId}`, answer);
}

// A chargeback that was reversed keeps what it took: the reversal is told by itself, and counts against it.
function hasMoved({ moves }: Kind, status: string): boolean {
  if (moves === "never" || status === "pending_approval" || status === "rejected") return false;
  return moves === "always" || status !== "reversed";
}

// Tax alone that is given back, to a business for instance, gives back nothing of what was bought.
function returnedAmount(adjustment: Json): number {
  const total = Math.abs(required(amount(record(adjustment.totals).total), "adjustment total"));
  const taxes = records(adjustment.items).filter(({ type }) => type === "tax");
  const tax = taxes.map((item) => Math.abs(amount(record(item.totals).total) ?? amount(item.amount) ?? 0));
  return Math.max(0, total - tax.reduce((sum, part) => sum + part, 0));
}
