// consumeMany: many consumptions in one database call, each with its own outcome.
import type { Database } from "../db/database.ts";
import { isTallystickError, TallystickError } from "../kernel/errors.ts";
import { checkConsume, type Allocation, type ConsumeInput, type ConsumeResult } from "./consume.ts";
import { refusalError, write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { invalid, metadataText } from "./input.ts";
import { priced, type PricedInput } from "./price-table-input.ts";
import type { PriceTable } from "./price-table-schema.ts";

export type ConsumeOutcome =
  | ({ readonly ok: true } & ConsumeResult)
  | { readonly ok: false; readonly error: TallystickError };

export const MAX_ITEMS = 10_000;

/**
 * Consumes up to 10,000 items in one transaction and one database call, and answers each in its place, as if they had been
 * consumed one after another: a refused item changes nothing, and a later one may succeed; a key acts once, also when it
 * occurs twice here. Items of one account act in the order given. Accounts are locked in one order, so that batches and
 * single calls never wait for each other in a circle.
 * @throws invalid_request when there is no list or it is too long; lock_timeout, storage_unavailable and
 * transaction_conflict: then nothing was consumed
 */
export async function consumeMany(
  database: Database,
  items: readonly PricedInput<ConsumeInput>[],
  options?: WriteOptions,
  prices: PriceTable = new Map(),
): Promise<ConsumeOutcome[]> {
  if (!Array.isArray(items) || items.length > MAX_ITEMS) {
    throw invalid(`items must be a list of at most ${MAX_ITEMS} items.`);
  }
  const checked = items.map((item) => check(prices, item));
  const valid = checked.filter((item) => "input" in item);
  const outcomes = valid.length === 0 ? [] : await consumeValid(database, valid, options);
  let next = 0;
  return checked.map((item) => {
    if ("error" in item) return { ok: false, error: item.error };
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new TallystickError("internal", "the database answered too few outcomes");
    return outcome;
  });
}

interface ValidItem {
  readonly input: ConsumeInput;
  readonly metadata: string | undefined;
}

function check(prices: PriceTable, item: PricedInput<ConsumeInput>): ValidItem | { readonly error: TallystickError } {
  try {
    if (typeof item !== "object" || item === null) throw invalid("An item must be an object.");
    const input = priced(prices, item);
    checkConsume(input);
    return { input, metadata: metadataText(input.metadata) };
  } catch (error) {
    if (isTallystickError(error)) return { error };
    throw error;
  }
}

async function consumeValid(
  database: Database,
  items: readonly ValidItem[],
  options: WriteOptions | undefined,
): Promise<ConsumeOutcome[]> {
  const names = new Map<string, { readonly number: number; readonly userId: string; readonly unit: string }>();
  const accounts = items.map(({ input: { userId, unit = "credit" } }) => {
    const key = `${unit} ${userId}`; // a unit has no space
    const known = names.get(key);
    if (known !== undefined) return known.number;
    names.set(key, { number: names.size + 1, userId, unit });
    return names.size;
  });
  const stored = await write<StoredBatch>(database, options, "consume_many", {
    p_user_ids: Array.from(names.values(), ({ userId }) => userId),
    p_units: Array.from(names.values(), ({ unit }) => unit),
    p_accounts: accounts,
    p_amounts: items.map(({ input }) => input.amount),
    p_features: column(items.map(({ input }) => input.feature)),
    p_members: column(items.map(({ input }) => input.member)),
    p_idempotency_keys: column(items.map(({ input }) => input.idempotencyKey)),
    p_descriptions: column(items.map(({ input }) => input.description)),
    p_metadata: column(items.map(({ metadata }) => metadata)),
  });
  return read(stored);
}

/** Undefined when no item has a value, so that nothing is sent. */
function column(values: readonly (string | undefined)[]): (string | null)[] | undefined {
  return values.some((value) => value !== undefined) ? values.map((value) => value ?? null) : undefined;
}

/** What `consume_many` answers: columns with an element an item, and columns with an element a draw. */
interface StoredBatch extends StoredOutcome {
  readonly entries: readonly (string | null)[];
  readonly balances: readonly number[];
  readonly availables: readonly number[];
  readonly sources: readonly (number | null)[];
  readonly others: readonly ((StoredOutcome & ConsumeResult) | null)[];
  readonly drawItems: readonly number[];
  readonly drawLots: readonly string[];
  readonly drawAmounts: readonly number[];
}

function read(stored: StoredBatch): ConsumeOutcome[] {
  const allocations = stored.entries.map((): Allocation[] => []);
  for (const [draw, item] of stored.drawItems.entries()) {
    const [lotId = "", amount = 0] = [stored.drawLots[draw], stored.drawAmounts[draw]];
    allocations[item - 1]?.push({ lotId, amount });
  }
  return stored.entries.map((_entry, index): ConsumeOutcome => {
    const other = stored.others[index];
    if (other) return outcomeOf(other);
    const source = (stored.sources[index] ?? index + 1) - 1;
    const [balance = 0, available = 0] = [stored.balances[source], stored.availables[source]];
    const transactionId = stored.entries[source];
    if (transactionId === null || transactionId === undefined) {
      return { ok: false, error: refusalError({ outcome: "insufficient_credits", balance, available }) };
    }
    const replayed = source !== index;
    return { ok: true, transactionId, balance, available, allocations: allocations[source] ?? [], replayed };
  });
}

function outcomeOf(stored: StoredOutcome & ConsumeResult): ConsumeOutcome {
  if (stored.outcome !== "ok") return { ok: false, error: refusalError(stored) };
  const { transactionId, balance, available, allocations, replayed } = stored;
  return { ok: true, transactionId, balance, available, allocations, replayed };
}
