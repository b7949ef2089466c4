// A contest: operations released at one moment on copies of a state, each outcome compared with those of every serial
// order on further copies of the same state.
import type { Copies, Picture } from "./copies.ts";
import { sweeps, type OperationName, type Subject } from "./operations.ts";
import type { Finish } from "./racer.ts";
import type { Racers } from "./racers.ts";
import type { RaceCase } from "./states.ts";

export interface Tally {
  rounds: number;
  /** Rounds in which the calls were under way at the same time. */
  overlapped: number;
  /** Rounds by the serial order that they equal; orders that can't be told apart count as one. */
  readonly orders: Map<string, number>;
  /** Rounds that equal no order. */
  readonly wrong: string[];
}

export interface Contest {
  readonly racers: Racers;
  readonly copies: Copies;
  /** Called after each round of sweeps, so that the next round finds only its own copy due. */
  settle(): Promise<void>;
}

/** The order in which calls take effect. A sweep may be missing: it passes over an account that is busy. */
type Order = readonly number[];

/** Races in one case; `rounds` copies are raced, and one more for each serial order is not. */
export async function contest(
  contestants: Contest,
  names: readonly OperationName[],
  raceCase: RaceCase,
  rounds: number,
): Promise<Tally> {
  const { racers, copies } = contestants;
  const orders = ordersOf(names);
  const inOrder = async (order: Order, lane: number, subject: Subject): Promise<Finishes> => {
    const finishes: (Finish | undefined)[] = names.map(() => undefined);
    for (const index of order) finishes[index] = await racers.run(0, lane, nameAt(names, index), subject);
    return finishes;
  };
  const atOnce = async (round: number, lane: number, subject: Subject): Promise<Finishes> => {
    const finishes: (Finish | undefined)[] = names.map(() => undefined);
    const calls = names.map((name, index) => ({ name, index }));
    // Who is told first takes turns, and whoever is told waits for up to 0.3 ms, so that each order gets its chance.
    await Promise.all(
      (round % 2 === 0 ? calls : calls.toReversed()).map(async ({ name, index }) => {
        finishes[index] = await racers.run(index, lane, name, subject, Math.random() * 0.3);
      }),
    );
    return finishes;
  };

  const played = await play(contestants, names, raceCase, orders.length + rounds, async (index, lane, subject) => {
    const order = orders[index];
    return order === undefined ? atOnce(index, lane, subject) : inOrder(order, lane, subject);
  });
  const pictures = await copies.pictures(
    played.filter(({ picture }) => picture === undefined).map(({ subject }) => subject),
  );
  const outcomes = played.map(({ finishes, picture, subject }) => ({
    finishes,
    outcome: outcomeOf(names, finishes, picture ?? pictures.get(subject.copy)),
  }));

  const expected = new Map<string, string[]>();
  orders.forEach((order, index) => {
    const outcome = outcomes[index]?.outcome ?? "";
    expected.set(
      outcome,
      [...(expected.get(outcome) ?? []), order.map((n) => nameAt(names, n)).join(" → ")].toSorted(),
    );
  });
  const tally: Tally = { rounds, overlapped: 0, orders: new Map(), wrong: [] };
  for (const { outcome, finishes } of outcomes.slice(orders.length)) {
    const order = expected.get(outcome)?.join(" or ");
    if (order === undefined) tally.wrong.push(difference(outcome, expected));
    else tally.orders.set(order, (tally.orders.get(order) ?? 0) + 1);
    const lastStart = Math.max(...finishes.map((finish) => finish?.startedMs ?? 0));
    if (finishes.every((finish) => finish !== undefined && finish.endedMs > lastStart)) tally.overlapped += 1;
  }
  return tally;
}

type Finishes = readonly (Finish | undefined)[];

interface Played {
  readonly subject: Subject;
  readonly finishes: Finishes;
  /** Taken at once where the next game changes this copy too. */
  readonly picture?: Picture | undefined;
}

// Games on one copy each: all copies made at once and several games at a time, but one by one where sweeps take part.
async function play(
  { racers, copies, settle }: Contest,
  names: readonly OperationName[],
  raceCase: RaceCase,
  count: number,
  game: (index: number, lane: number, subject: Subject) => Promise<Finishes>,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  if (names.some((name) => sweeps.includes(name))) {
    for (let index = 0; index < count; index += 1) {
      for (const subject of await copies.make(raceCase, 1)) {
        const finishes = await game(index, 0, subject);
        played.push({ subject, finishes, picture: (await copies.pictures([subject])).get(subject.copy) });
      }
      await settle();
    }
    return played;
  }
  const waiting = [...(await copies.make(raceCase, count)).entries()];
  await Promise.all(
    Array.from({ length: racers.lanes }, async (_, lane) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, subject] = next;
        played[index] = { subject, finishes: await game(index, lane, subject) };
      }
    }),
  );
  return played;
}

// The outcome and, of those expected, the lines that it has not.
function difference(outcome: string, expected: ReadonlyMap<string, readonly string[]>): string {
  const seen = new Set(outcome.split("\n"));
  const others = [...expected].map(([text, orders]) => {
    const differing = text.split("\n").filter((line) => !seen.has(line));
    return `${orders.join(" or ")} has instead:\n${differing.join("\n")}`;
  });
  return `${outcome}\n${others.join("\n")}`;
}

function ordersOf(names: readonly OperationName[]): Order[] {
  const all = names.map((_, index) => index);
  const without = (left: readonly number[], gone: number): number[] => left.filter((index) => index !== gone);
  const permute = (left: readonly number[]): number[][] =>
    left.length === 0 ? [[]] : left.flatMap((index) => permute(without(left, index)).map((rest) => [index, ...rest]));
  const passing = all.filter((index) => sweeps.includes(nameAt(names, index)));
  let kept = [all];
  for (const gone of passing) kept = kept.flatMap((set) => [set, without(set, gone)]);
  return kept.flatMap(permute);
}

function nameAt(names: readonly OperationName[], index: number): OperationName {
  const name = names[index];
  if (name === undefined) throw new Error(`no operation ${index}`);
  return name;
}

// What a sweep answers when there was nothing that it could lock.
const nothing: Readonly<Record<string, unknown>> = {
  expire: { expired: 0, accounts: 0, credits: 0 },
  releaseHolds: { released: 0 },
  distribute: { count: 0, credits: 0 },
};

function outcomeOf(
  names: readonly OperationName[],
  finishes: readonly (Finish | undefined)[],
  picture: Picture | undefined,
): string {
  if (picture === undefined) throw new Error("there is no picture of the copy");
  const told = names.map((name, index) => {
    const finish = finishes[index];
    if (finish === undefined) return sorted(nothing[name]);
    return sorted(finish.refusal ?? named(finish.answer, picture));
  });
  return [...told.map((answer) => JSON.stringify(answer)), ...lines("", JSON.parse(picture.text))].join("\n");
}

// One line for each thing in a picture, so that two pictures can be compared line by line.
function lines(path: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null || (Array.isArray(value) && !Array.isArray(value[0]))) {
    return [`${path} ${JSON.stringify(value)}`];
  }
  return Object.entries(value).flatMap(([name, part]) => lines(`${path} ${name}`, part));
}

/** An answer with ids replaced by what they are called in the picture, and without what differs by nature. */
export function named(answer: unknown, picture: Picture): unknown {
  if (Array.isArray(answer)) return answer.map((item) => named(item, picture));
  if (typeof answer !== "object" || answer === null) return answer;
  const differs = new Set(["alias", "enrolmentId", "expiresAt", "remaining", "unknownPlans"]);
  const kinds: Readonly<Record<string, string>> = { transactionId: "entry", lotId: "entry", id: "hold" };
  return Object.fromEntries(
    Object.entries(answer)
      .filter(([name]) => !differs.has(name))
      .map(([name, value]) => {
        const kind = kinds[name];
        return [
          name,
          kind === undefined || value === null ? named(value, picture) : picture.label(kind, String(value)),
        ];
      }),
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
