// Interleaved rounds: in each round every contender does the same amount of work, in turns, so that what slows the machine
// slows them all; the medians over the rounds are compared.

export interface Contender {
  readonly name: string;
  /** Does one operation; `index` is unique over the whole run, `lane` tells concurrent callers apart. */
  readonly run: (index: number, lane: number) => Promise<void>;
  /** How many operations one run does, beginning with `index`; 1 by default. Latencies are of runs. */
  readonly batchSize?: number;
  /** Instead of the measurement's. */
  readonly concurrency?: number;
}

export interface MeasureInput {
  readonly rounds: number;
  readonly operations: number;
  readonly concurrency: number;
  /** Called before each contender's turn, outside the measured time. */
  readonly prepare?: (contender: Contender, firstIndex: number) => Promise<void>;
}

export interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Turn {
  readonly perSecond: number;
  readonly latencies: Float64Array;
}

/** Measures all contenders; the first round warms up and is not counted. */
export async function measure(contenders: readonly Contender[], input: MeasureInput): Promise<readonly Measured[]> {
  const turns = new Map<string, Turn[]>(contenders.map(({ name }) => [name, []]));
  let index = 0;
  for (let round = 0; round <= input.rounds; round += 1) {
    // Another one begins each round.
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length];
      if (contender === undefined) continue;
      await input.prepare?.(contender, index);
      const result = await takeTurn(contender, index, input);
      index += input.operations;
      if (round > 0) turns.get(contender.name)?.push(result);
    }
  }
  return contenders.map(({ name }) => {
    const taken = turns.get(name) ?? [];
    const middle = (pick: (turn: Turn) => number): number => median(taken.map(pick));
    return {
      name,
      perSecond: middle(({ perSecond }) => perSecond),
      p50Ms: middle(({ latencies }) => quantile(latencies, 0.5)),
      p99Ms: middle(({ latencies }) => quantile(latencies, 0.99)),
    };
  });
}

async function takeTurn(contender: Contender, first: number, { operations, ...input }: MeasureInput): Promise<Turn> {
  const { batchSize = 1, concurrency = input.concurrency } = contender;
  const runs = Math.ceil(operations / batchSize);
  const latencies = new Float64Array(runs);
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    for (let mine = next++; mine < runs; mine = next++) {
      const began = performance.now();
      await contender.run(first + mine * batchSize, number);
      latencies[mine] = performance.now() - began;
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async (_none, number) => lane(number)));
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: operations / seconds, latencies: latencies.toSorted() };
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).toSorted(), 0.5);
}

export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
