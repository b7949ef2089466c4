// What Stripe says happened: its events, and beside them the invoices, sessions, refunds and disputes themselves, because
// events are listed for 30 days only and become visible late and out of order.
import { TallystickError } from "../../../kernel/errors.ts";
import type { Happened, HappenedInput, HappenedPage } from "../../provider-queries.ts";
import { unanswered, type ListName, type StripeApi } from "./api.ts";
import { inboundEvent } from "./event.ts";
import { handledTypes } from "./facts.ts";
import { idOf, required, text, type Json } from "./read.ts";

interface Stage {
  readonly list: ListName;
  readonly types?: readonly string[];
}

// Stripe takes at most 20 types in one request.
const TYPES_OF_A_REQUEST = 20;
// An invoice is listed by when it was made, and may be paid weeks later.
const EARLIER_MS = 7 * 86_400_000;

const stages: readonly Stage[] = [
  ...chunks(handledTypes, TYPES_OF_A_REQUEST).map((types): Stage => ({ list: "events", types })),
  { list: "invoices" },
  { list: "sessions" },
  { list: "refunds" },
  { list: "disputes" },
];

/** Reads one page; the position is the stage and the last id. A list that the key may not read is passed over. */
export async function readHappened(
  api: StripeApi,
  secretKey: string,
  { since, until, position }: HappenedInput,
): Promise<HappenedPage> {
  const { index, startingAfter } = parsePosition(position);
  const stage = stages[index];
  if (stage === undefined) return { of: "nothing", happened: [], next: null };
  const from = stage.list === "events" ? since : new Date(since.getTime() - EARLIER_MS);
  const span = { since: from, until, startingAfter, ...(stage.types && { types: stage.types }) };
  const answer = await api.page(stage.list, span);
  if (answer.outcome === "unavailable" || (answer.outcome === "refused" && index === 0)) {
    throw unanswered(`list of ${stage.list}`, answer);
  }
  const { items, more } = answer.outcome === "found" ? answer.value : { items: [], more: false };
  const last = more ? text(items.at(-1)?.id) : null;
  const next = last === null ? index + 1 : index;
  return {
    of: stage.list,
    happened: items.flatMap((item) => happenedOf(stage.list, item, secretKey) ?? []),
    next: next < stages.length ? JSON.stringify([next, last]) : null,
  };
}

/** What keeps Stripe's events from coming here, as far as its list of endpoints shows. */
export async function endpointProblems(api: StripeApi): Promise<readonly string[]> {
  const answer = await api.webhookEndpoints();
  if (answer.outcome !== "found") return [];
  const enabled = answer.value.filter(({ status }) => status !== "disabled");
  if (enabled.length === 0) return ["Stripe has no enabled webhook endpoint."];
  const sent = new Set(enabled.flatMap(({ enabled_events: types }) => (Array.isArray(types) ? types.map(text) : [])));
  if (sent.has("*")) return [];
  const unsent = handledTypes.filter((type) => !sent.has(type));
  return unsent.length === 0 ? [] : [`No enabled webhook endpoint of Stripe's is sent ${unsent.join(", ")}.`];
}

function happenedOf(list: ListName, item: Json, secretKey: string): Happened | null {
  const id = required(text(item.id), `${list} id`);
  switch (list) {
    case "events": {
      const event = inboundEvent({ ...item }, secretKey);
      return event.handled ? { event, proof: { kind: "event", id, status: null } } : null;
    }
    case "invoices":
      return told("invoice.paid", item, { kind: "payment", id, status: null }, secretKey);
    case "sessions":
      // Only these grant by themselves; the rest are paid by invoices.
      if (item.mode !== "payment" || item.payment_status === "unpaid" || idOf(item.invoice) !== null) return null;
      return told("checkout.session.completed", item, { kind: "payment", id, status: null }, secretKey);
    case "refunds":
      return told("refund.updated", item, { kind: "return", id, status: text(item.status) ?? "succeeded" }, secretKey);
    case "disputes":
      return told("charge.dispute.updated", item, { kind: "return", id, status: text(item.status) }, secretKey);
  }
}

/** An event of our own about an object whose own events never came; its id says for what state it stands. */
function told(type: string, object: Json, proof: Happened["proof"], secretKey: string): Happened {
  const id = `reconcile:${type}:${proof.id}${proof.status === null ? "" : `:${proof.status}`}`;
  const livemode = object.livemode ?? null;
  return { event: inboundEvent({ id, object: "event", type, livemode, data: { object } }, secretKey), proof };
}

function parsePosition(position: string | null): { readonly index: number; readonly startingAfter: string | null } {
  if (position === null) return { index: 0, startingAfter: null };
  const parsed: unknown = JSON.parse(position);
  if (!Array.isArray(parsed) || !Number.isSafeInteger(parsed[0])) {
    throw new TallystickError("invalid_request", "This is no position of a page.");
  }
  return { index: Number(parsed[0]), startingAfter: text(parsed[1]) };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
