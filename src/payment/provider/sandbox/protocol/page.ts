// Lists as Stripe pages them: newest first, limit 1 to 100, starting_after and ending_before, created[gte] and the like.
import type { Json } from "../../stripe/read.ts";
import type { Change } from "../store/change.ts";
import type { Kind } from "../store/kinds.ts";
import { findAny, pageOfObjects } from "../store/objects.ts";
import type { Params } from "./params.ts";
import { invalid, missingObject } from "./refusal.ts";

export const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

export interface Page extends Json {
  readonly object: "list";
  readonly data: readonly unknown[];
  readonly has_more: boolean;
  readonly url: string;
}

export function readLimit(params: Params): number {
  const limit = params.integer("limit") ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw invalid(`Invalid integer: limit must be from 1 to ${MAX_LIMIT}.`, { param: "limit" });
  }
  return limit;
}

/** A page of the documents that contain these fields. */
export async function page(
  change: Change,
  kind: Kind,
  { params, containing, url }: { params: Params; containing: Json; url: string },
): Promise<Page> {
  const limit = readLimit(params);
  const [startingAfter, endingBefore] = [params.text("starting_after"), params.text("ending_before")];
  for (const id of [startingAfter, endingBefore]) {
    if (id !== null && (await findAny(change.tx, id)) === null) throw missingObject(kind, id, "starting_after");
  }
  const range = { limit, startingAfter, endingBefore, ...readCreated(params) };
  return toPage(await pageOfObjects(change.tx, kind, containing, range), { limit, url, endingBefore });
}

/** Rows of one more than the limit as a page; rows before a cursor come oldest first. */
export function toPage(
  rows: readonly unknown[],
  { limit, url, endingBefore }: { limit: number; url: string; endingBefore: string | null },
): Page {
  const kept = rows.slice(0, limit);
  const data = endingBefore === null ? kept : kept.toReversed();
  return { object: "list", data, has_more: rows.length > limit, url };
}

/** Seconds, both ends included. */
export function readCreated(params: Params): { createdFrom: number | null; createdTo: number | null } {
  const created = params.nested("created");
  if (created.names.length === 0) {
    const exactly = params.integer("created");
    return { createdFrom: exactly, createdTo: exactly };
  }
  const [gt, lt] = [created.integer("gt"), created.integer("lt")];
  return {
    createdFrom: created.integer("gte") ?? (gt === null ? null : gt + 1),
    createdTo: created.integer("lte") ?? (lt === null ? null : lt - 1),
  };
}

/** A page of a list that is part of a document. */
export function pageOfItems(items: readonly { readonly id: string }[], params: Params, url: string): Page {
  const limit = readLimit(params);
  const after = params.text("starting_after");
  const start = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
  return { object: "list", data: items.slice(start, start + limit), has_more: items.length > start + limit, url };
}
