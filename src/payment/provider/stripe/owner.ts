// Whose an object is. The user's id is only ever read where the server that made the object has written it.
import type { Owner } from "../../provider.ts";
import { idOf, record, type Json } from "./read.ts";

const MAX_LENGTH = 255;

/** The owner of a subscription. */
export function subscriptionOwner(subscription: Json): Owner {
  return owner(subscription, [metadataUser(subscription)]);
}

/** The owner of a checkout session; `client_reference_id` last, because a payment link lets the payer set it. */
export function sessionOwner(session: Json): Owner {
  const written = owner(session, [metadataUser(session)]);
  const claimed = owner(session, [session.client_reference_id]);
  return written.userId === null && claimed.userId !== null ? { ...claimed, claimed: true } : written;
}

/** The owner of an invoice: its own metadata, then its subscription's (both payload shapes), then its lines'. */
export function invoiceOwner(invoice: Json, lines: readonly Json[]): Owner {
  return owner(invoice, [
    metadataUser(invoice),
    metadataUser(record(record(invoice.parent).subscription_details)),
    metadataUser(record(invoice.subscription_details)),
    ...lines.map(metadataUser),
  ]);
}

function owner(object: Json, candidates: readonly unknown[]): Owner {
  return { userId: candidates.find(isUserId) ?? null, customerId: idOf(object.customer) };
}

function metadataUser(object: Json): unknown {
  return record(object.metadata).userId;
}

function isUserId(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= MAX_LENGTH;
}
