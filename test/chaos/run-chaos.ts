// A whole run: customers live while everything fails, then all faults end, and what came of it is held against the books.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../src/db/database.ts";
import type { Application } from "./application.ts";
import type { FaultPlan } from "./faults.ts";
import { planFaults } from "./faults.ts";
import { checkAll } from "./checks.ts";
import { live } from "./lives.ts";
import { createRandom } from "./random.ts";
import type { ReceiverFaults } from "./receiver.ts";
import { recover } from "./recovery.ts";
import { countDeliveries, readRevived, type Report } from "./report.ts";
import { createSpending } from "./spending.ts";
import { createWorld } from "./world.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly events: number;
  readonly customers: number;
  readonly faults: FaultPlan;
  readonly receiverFaults: ReceiverFaults;
  readonly sandboxDatabase?: string;
  /** Does not wait for the leases of killed workers; by default they run out by themselves. */
  readonly skipLeases?: boolean;
  /** Called now and then with how far it is. */
  readonly onProgress?: (line: string) => void;
}

export const misbehaviour = { duplicate_rate: 0.05, reorder_rate: 0.2, drop_rate: 0.02 };

export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { seed, events, customers, receiverFaults, sandboxDatabase, onProgress = () => undefined } = options;
  await using world = await createWorld({ seed, misbehaviour, receiverFaults, sandboxDatabase });
  const { sdk, control, application, deliveries } = world;
  const spending = createSpending(application.origin, createRandom(seed, "spending"));
  const faults = planFaults(options.faults, {
    ...world,
    random: createRandom(seed, "faults"),
    // Nobody waits for pauses that have grown while it was down.
    onUp: async () => control("/deliveries/retry", {}),
  });
  const turns = createRandom(seed, "turns");
  const began = performance.now();
  const spenders = new Set<string>();
  let told = 0;
  const { lives, steps } = await live({
    seed,
    customers,
    sdk,
    control,
    random: turns,
    async afterStep({ userId }) {
      spenders.add(userId);
      for (let left = turns.whole(0, 4); left > 0; left -= 1) spending.spend(turns.pick([...spenders]));
      const happened = await countEvents(deliveries);
      faults.strike(happened / events);
      await untilKeptUp(deliveries, application);
      if (happened - told >= events / 20) {
        told = happened;
        onProgress(`${happened} events, ${application.kills} kills, ${world.postgres.restarts} restarts`);
      }
      return happened < events;
    },
  });
  faults.strike(1);
  await faults.over();
  const livedMs = performance.now() - began;
  onProgress("all faults are over");
  const recovery = await recover(world, spending, { skipLeases: options.skipLeases ?? false });
  const checks = await checkAll(world, { lives, spending, recovery });
  return {
    seed,
    customers: lives.length,
    steps,
    deliveries: await countDeliveries(deliveries),
    receiverAnswers: world.receiver.answers,
    kills: application.kills,
    restarts: world.postgres.restarts,
    faults: faults.counts,
    spending: spending.counts,
    revived: await readRevived(world.ledger),
    recovery,
    livedMs,
    checks,
    log: checks.some(({ problems }) => problems.length > 0) ? application.log : [],
  };
}

// Customers do not run ahead of an application that is down or slow: what goes wrong must meet it at its work.
const MOST_WAITING = 40;
const POLL_MS = 25;
const LOG_LINES = 60;

async function untilKeptUp(deliveries: Database, { crashes, log }: Application): Promise<void> {
  const waiting = "select count(*) from tallystick_sandbox.delivery where status = 'pending'";
  while ((await countOf(deliveries, waiting)) > MOST_WAITING) {
    // Nobody starts it again: what waits would wait for ever.
    if (crashes.length > 0) throw new Error([...crashes, ...log.slice(-LOG_LINES)].join("\n"));
    await delay(POLL_MS);
  }
}

async function countEvents(deliveries: Database): Promise<number> {
  return countOf(deliveries, "select count(*) from tallystick_sandbox.event");
}

async function countOf(database: Database, query: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(query);
  return row?.count ?? 0;
}
