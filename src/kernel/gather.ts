// Calls that are made while others are under way are sent together, as a database commits many transactions with one
// write. A call that finds nothing under way is sent at once: nothing waits for company.
import { isTallystickError, TallystickError } from "./errors.ts";

export interface Gathering<Item> {
  /** How much of `maxSize` an item takes. */
  readonly sizeOf: (item: Item) => number;
  /** Together at the most; an item that is larger goes alone. */
  readonly maxSize: number;
  readonly maxItems: number;
  /** Of those that are sent together, and as many again of those that are sent alone after they failed together. */
  readonly maxInFlight: number;
  /** No caller waits longer. What was sent by then may have its effect all the same. */
  readonly patienceMs: number;
}

interface Call<Item, Answer> {
  readonly item: Item;
  readonly settled: PromiseWithResolvers<Answer>;
}

/**
 * Makes `send`, which takes several items and is all or nothing, a call for one. Where several fail together each is sent
 * again alone, beside those that go on together, so that a call fails, or waits, for its own item's sake only. Where the
 * storage is away all that wait fail at once.
 * @throws storage_unavailable after `patienceMs`; what `send` throws
 */
export function gatherCalls<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { sizeOf, maxSize, maxItems, maxInFlight, patienceMs }: Gathering<Item>,
): (item: Item) => Promise<Answer> {
  type Calls = readonly Call<Item, Answer>[];
  const together: Call<Item, Answer>[] = [];
  const alone: Call<Item, Answer>[] = [];
  const inFlight = { together: 0, alone: 0 };

  function bundle(): Calls {
    let count = 0;
    let size = 0;
    for (const { item } of together.slice(0, maxItems)) {
      size += sizeOf(item);
      if (count > 0 && size > maxSize) break;
      count += 1;
    }
    return together.splice(0, count);
  }

  function fail(calls: Calls, error: unknown): void {
    for (const { settled } of calls) settled.reject(error);
  }

  async function run(calls: Calls, as: keyof typeof inFlight): Promise<void> {
    inFlight[as] += 1;
    try {
      const answers = await send(calls.map(({ item }) => item));
      for (const [place, { settled }] of calls.entries()) settled.resolve(answers[place] as Answer);
    } catch (error) {
      if (isAway(error)) fail([...calls, ...alone.splice(0), ...together.splice(0)], error);
      else if (calls.length > 1) alone.push(...calls);
      else fail(calls, error);
    }
    inFlight[as] -= 1;
    proceed();
  }

  function proceed(): void {
    while (together.length > 0 && inFlight.together < maxInFlight) void run(bundle(), "together");
    while (alone.length > 0 && inFlight.alone < maxInFlight) void run(alone.splice(0, 1), "alone");
  }

  return async (item) => {
    const call = { item, settled: Promise.withResolvers<Answer>() };
    const patience = setTimeout(() => {
      for (const waiting of [together, alone]) if (waiting.includes(call)) waiting.splice(waiting.indexOf(call), 1);
      fail([call], new TallystickError("storage_unavailable", `There was no answer for ${patienceMs} ms.`));
    }, patienceMs);
    together.push(call);
    proceed();
    return call.settled.promise.finally(() => clearTimeout(patience));
  };
}

function isAway(error: unknown): boolean {
  return isTallystickError(error) && (error.code === "storage_unavailable" || error.code === "not_migrated");
}
