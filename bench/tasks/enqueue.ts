// Enqueueing: one after the other, and as many at once as the system has a call for.
import { measure, type Contender, type Measured } from "../measure.ts";
import { accounts, type TaskSystem } from "./system.ts";

export interface EnqueueInput {
  readonly rounds: number;
  readonly tasks: number;
}

export async function measureSingle(
  systems: ReadonlyMap<string, TaskSystem>,
  { rounds, tasks }: EnqueueInput,
): Promise<readonly Measured[]> {
  const contenders = [...systems].map(([name, system]): Contender => ({
    name,
    run: async (index) => system.enqueue({ account: index % accounts }),
  }));
  return measure(contenders, { rounds, operations: tasks, concurrency: 1, prepare: emptied(systems) });
}

export async function measureMany(
  systems: ReadonlyMap<string, TaskSystem>,
  { rounds, tasks, size }: EnqueueInput & { readonly size: number },
): Promise<readonly Measured[]> {
  const contenders = [...systems].map(([name, system]): Contender => ({
    name,
    batchSize: size,
    async run(index) {
      await system.enqueueMany(
        Array.from({ length: size }, (_none, offset) => ({ account: (index + offset) % accounts })),
      );
    },
  }));
  return measure(contenders, { rounds, operations: tasks, concurrency: 1, prepare: emptied(systems) });
}

function emptied(systems: ReadonlyMap<string, TaskSystem>): (contender: Contender) => Promise<void> {
  return async ({ name }) => systems.get(name)?.clear();
}
