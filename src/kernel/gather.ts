// Calls that are made while others are under way are sent together, as a database commits many transactions with one
// write. A call that finds nothing under way is sent at once: nothing waits for company.
import { isTallystickError } from "./errors.ts";

export interface Gathering<Item> {
  /** How much of `maxSize` an item takes. */
  readonly sizeOf: (item: Item) => number;
  /** Together at the most; an item that is larger goes alone. */
  readonly maxSize: number;
  readonly maxItems: number;
  readonly maxInFlight: number;
}

interface Call<Item, Answer> {
  readonly item: Item;
  readonly settled: PromiseWithResolvers<Answer>;
}

/**
 * Makes `send`, which takes several items and is all or nothing, a call for one. Where several fail together each is sent
 * again alone, so that a call fails for its own item's sake only; but not where the storage is away, which fails them all.
 */
export function gatherCalls<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { sizeOf, maxSize, maxItems, maxInFlight }: Gathering<Item>,
): (item: Item) => Promise<Answer> {
  const waiting: Call<Item, Answer>[] = [];
  let inFlight = 0;

  function next(): readonly Call<Item, Answer>[] {
    let count = 0;
    let size = 0;
    for (const { item } of waiting.slice(0, maxItems)) {
      size += sizeOf(item);
      if (count > 0 && size > maxSize) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function sendAlone(calls: readonly Call<Item, Answer>[]): Promise<void> {
    for (const call of calls) await settle([call]).catch(call.settled.reject);
  }

  async function settle(calls: readonly Call<Item, Answer>[]): Promise<void> {
    const answers = await send(calls.map(({ item }) => item));
    for (const [place, { settled }] of calls.entries()) settled.resolve(answers[place] as Answer);
  }

  async function run(calls: readonly Call<Item, Answer>[]): Promise<void> {
    inFlight += 1;
    try {
      await settle(calls);
    } catch (error) {
      if (calls.length > 1 && !isAway(error)) await sendAlone(calls);
      else for (const { settled } of calls) settled.reject(error);
    }
    inFlight -= 1;
    if (waiting.length > 0) void run(next());
  }

  return async (item) => {
    const call = { item, settled: Promise.withResolvers<Answer>() };
    waiting.push(call);
    if (inFlight < maxInFlight) void run(next());
    return call.settled.promise;
  };
}

function isAway(error: unknown): boolean {
  return isTallystickError(error) && error.code === "storage_unavailable";
}
