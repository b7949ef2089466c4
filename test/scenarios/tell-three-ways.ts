// Tells every scenario three times, each time to users of its own: in order, shuffled, and every event three times at
// once. The ledger must be the same.
import type { AppClient } from "./app-client.ts";
import { retell, type Buyer, type RetoldEvent } from "./retell.ts";
import { scenarios } from "./scenarios.ts";

export interface Told {
  readonly scenario: string;
  /** A user of this scenario, for looking at. */
  readonly userId: string;
  readonly events: number;
  readonly expected: number;
  readonly inOrder: number;
  readonly shuffled: number;
  readonly tripled: number;
  /** Whether all three are what is expected. */
  readonly equal: boolean;
}

export interface TellInput {
  readonly app: AppClient;
  /** Unique to the run: letters and digits. */
  readonly run: string;
  readonly seed: number;
}

export async function tellThreeWays({ app, run, seed }: TellInput): Promise<readonly Told[]> {
  const tellings = scenarios.map((scenario, index) => {
    const tell = (way: string): Buyer & { events: readonly RetoldEvent[] } => {
      const buyer = { tag: `${run}${way}${index}`, userId: `demo-${run}-${way}-${index}` };
      return { ...buyer, events: retell(scenario, buyer) };
    };
    return { scenario, ordered: tell("o"), shuffled: tell("s"), tripled: tell("t") };
  });

  for (const event of tellings.flatMap(({ ordered }) => ordered.events)) await app.send(event);
  for (const event of shuffle(
    tellings.flatMap(({ shuffled }) => shuffled.events),
    seed,
  ))
    await app.send(event);
  for (const event of tellings.flatMap(({ tripled }) => tripled.events)) {
    await Promise.all([app.send(event), app.send(event), app.send(event)]);
  }
  await app.settled(
    tellings.flatMap(({ ordered, shuffled, tripled }) => [ordered, shuffled, tripled].flatMap(({ events }) => events)),
  );

  const told: Told[] = [];
  for (const { scenario, ordered, shuffled, tripled } of tellings) {
    const balances = {
      inOrder: await app.balance(ordered.userId),
      shuffled: await app.balance(shuffled.userId),
      tripled: await app.balance(tripled.userId),
    };
    const equal = Object.values(balances).every((balance) => balance === scenario.credits);
    const { name, credits } = scenario;
    told.push({
      scenario: name,
      userId: ordered.userId,
      events: ordered.events.length,
      expected: credits,
      ...balances,
      equal,
    });
  }
  return told;
}

/** Fisher and Yates, with a generator that a seed repeats (mulberry32). */
function shuffle<Item>(items: readonly Item[], seed: number): Item[] {
  const result = [...items];
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let last = result.length - 1; last > 0; last -= 1) {
    const index = Math.floor(random() * (last + 1));
    const [a, b] = [result[last], result[index]];
    if (a !== undefined && b !== undefined) [result[last], result[index]] = [b, a];
  }
  return result;
}
