// Working through a backlog: tasks a second from the first handler's begin to the last one's effect, so that what a worker
// takes to start and to stop is left out for all. Every backlog is analysed first, as autovacuum would have done.
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../measure.ts";
import { accounts, countEffects, withClient, type Hooks, type Mode, type Places, type TaskSystem } from "./system.ts";

export interface BacklogContender {
  readonly name: string;
  open(places: Places, hooks: Hooks): Promise<TaskSystem>;
}

export interface BacklogResult {
  readonly name: string;
  readonly perSecond: number;
}

export async function measureBacklog(
  contenders: readonly BacklogContender[],
  places: Places,
  { rounds, tasks, mode }: { readonly rounds: number; readonly tasks: number; readonly mode: Mode },
): Promise<readonly BacklogResult[]> {
  const opened = await Promise.all(contenders.map(async (contender) => openCounting(contender, places)));
  const effectsBefore = await countEffects(places.databaseUrl);
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  try {
    // The first round warms up and is not counted; another one begins each round.
    for (let round = 0; round <= rounds; round += 1) {
      for (let turn = 0; turn < opened.length; turn += 1) {
        const contender = opened[(turn + round) % opened.length];
        if (contender === undefined) continue;
        const perSecond = await workThrough(contender, places, tasks, mode);
        if (round > 0) rates.get(contender.name)?.push(perSecond);
      }
    }
  } finally {
    for (const { system } of opened) await system.close();
  }
  const effects = (await countEffects(places.databaseUrl)) - effectsBefore;
  const expected = (rounds + 1) * contenders.length * tasks;
  if (effects !== expected) throw new Error(`${effects} effects were written by ${expected} tasks`);
  return contenders.map(({ name }) => ({ name, perSecond: median(rates.get(name) ?? []) }));
}

interface Counting {
  readonly name: string;
  readonly system: TaskSystem;
  /** Resolves when so many effects have been written from now on, to the milliseconds between the first and the last. */
  expect(tasks: number): Promise<number>;
}

async function openCounting({ name, open }: BacklogContender, places: Places): Promise<Counting> {
  let began = 0;
  let expected = 0;
  let ended = 0;
  let done: (ms: number) => void = () => undefined;
  const system = await open(places, {
    begun() {
      if (began === 0) began = performance.now();
    },
    ended() {
      ended += 1;
      if (ended === expected) done(performance.now() - began);
    },
  });
  return {
    name,
    system,
    async expect(tasks) {
      began = 0;
      ended = 0;
      expected = tasks;
      return new Promise((resolve) => {
        done = resolve;
      });
    },
  };
}

async function workThrough(
  { name, system, expect }: Counting,
  places: Places,
  tasks: number,
  mode: Mode,
): Promise<number> {
  await system.clear();
  await system.enqueueMany(Array.from({ length: tasks }, (_none, index) => ({ account: index % accounts })));
  await withClient(places.databaseUrl, async (client) => client.query("analyze"));
  const all = expect(tasks);
  const stop = await system.work(mode);
  const ms = await all;
  // The last completion follows its effect; a worker that is stopped between the two would run the task again.
  let left = await system.left();
  for (
    const deadline = performance.now() + 10_000;
    left > 0 && performance.now() < deadline;
    left = await system.left()
  ) {
    await sleep(20);
  }
  await stop();
  if (left > 0) throw new Error(`${name} left ${left} of ${tasks} tasks`);
  return (tasks * 1000) / ms;
}
