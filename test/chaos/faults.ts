// What goes wrong beside the deliveries, each at a moment that chance has chosen: kills, restarts of Postgres, connections
// that are cut, and ticks that overlap.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../src/db/database.ts";
import type { Application } from "./application.ts";
import type { CrashingPostgres } from "./postgres.ts";
import type { Random } from "./random.ts";
import { APPLICATION_NAME, CRON_SECRET } from "./terms.ts";

export interface FaultPlan {
  readonly kills: number;
  readonly restarts: number;
  readonly cuts: number;
  readonly ticks: number;
}

export interface FaultContext {
  readonly application: Application;
  readonly postgres: CrashingPostgres;
  readonly ledger: Database;
  readonly random: Random;
  /** Called when the application is up again. */
  readonly onUp: () => Promise<unknown>;
}

export interface Faults {
  /** Does what is due by now; `progress` goes from 0 to 1. */
  strike(progress: number): void;
  /** Resolves when what is under way is over and the application runs. */
  over(): Promise<void>;
  readonly counts: { readonly cut: number; readonly ticks: number; readonly answeredTicks: number };
}

type Kind = keyof FaultPlan;

export function planFaults(plan: FaultPlan, { application, postgres, ledger, random, onUp }: FaultContext): Faults {
  const counts = { cut: 0, ticks: 0, answeredTicks: 0 };
  const moments = (Object.keys(plan) as Kind[])
    .flatMap((kind) => Array.from({ length: plan[kind] }, () => ({ kind, at: 0.02 + random.next() * 0.96 })))
    .toSorted((a, b) => a.at - b.at);
  // Two of one kind never meet: a process that is not up can't be killed.
  const queues: Record<string, Promise<void>> = {};
  const failures: unknown[] = [];

  const kill = async (workMs: number | null, downMs: number): Promise<void> => {
    // In the middle of its work, or while it is still starting.
    if (workMs !== null) {
      await application.healthy();
      await delay(workMs);
    }
    await application.kill();
    await delay(downMs);
    await application.start();
    await application.healthy();
    await onUp();
  };
  const cut = async (rate: number): Promise<void> => {
    const rows = await ledger.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and random() < $2`,
      [APPLICATION_NAME, rate],
    );
    counts.cut += rows.length;
  };
  const tick = async (): Promise<void> => {
    counts.ticks += 1;
    const response = await fetch(`${application.origin}/api/cron/tick`, {
      method: "POST",
      headers: { authorization: `Bearer ${CRON_SECRET}` },
    });
    await response.arrayBuffer();
    if (response.ok) counts.answeredTicks += 1;
  };
  const begin = (kind: Kind): Promise<void> => {
    const [workMs, downMs, rate] = [random.whole(0, 1_500), random.whole(0, 300), 0.2 + random.next() * 0.8];
    const early = random.chance(0.1);
    switch (kind) {
      case "kills":
        return kill(early ? null : workMs, downMs);
      case "restarts":
        return postgres.restart(downMs);
      case "cuts":
        // Postgres may be away itself.
        return cut(rate).catch(() => undefined);
      case "ticks":
        return application
          .healthy()
          .then(async () => Promise.allSettled([tick(), tick()]))
          .then(() => undefined);
    }
  };
  return {
    strike(progress) {
      while (moments[0] !== undefined && moments[0].at <= progress) {
        const { kind } = moments.shift() as (typeof moments)[number];
        queues[kind] = (queues[kind] ?? Promise.resolve())
          .then(async () => begin(kind))
          .catch((error: unknown) => void failures.push(error));
      }
    },
    async over() {
      this.strike(1);
      await Promise.all(Object.values(queues));
      if (failures.length > 0) throw new AggregateError(failures, "the faults themselves failed");
    },
    counts,
  };
}
