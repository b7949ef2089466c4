// After the faults: everything is delivered, what was dropped is found by reconciling, and the work ends by itself. Only
// the pauses between retries are cut short, as if that time had passed, and in a short run the leases of killed workers.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../src/db/database.ts";
import { isTallystickError, type ReconcileReport } from "../../src/index.ts";
import type { Spending } from "./spending.ts";
import type { World } from "./world.ts";

export interface Recovery {
  readonly reconciled: ReconcileReport;
  /** Nothing may be missing any more. */
  readonly reconciledAgain: ReconcileReport;
  readonly ms: { readonly delivering: number; readonly reconciling: number; readonly draining: number };
}

const DAY_MS = 86_400_000;
const PATIENCE_MS = 300_000;
const POLL_MS = 200;

export async function recover(
  world: World,
  spending: Spending,
  { skipLeases }: { readonly skipLeases: boolean },
): Promise<Recovery> {
  if (skipLeases) await endLeasesOfTheDead(world);
  const began = performance.now();
  world.receiver.behave();
  await deliverAll(world);
  const delivered = performance.now();
  const reconciled = await reconcile(world);
  const found = performance.now();
  await spending.answered();
  await untilQuiet(world.ledger);
  await spending.confirm();
  const reconciledAgain = await reconcile(world);
  await untilQuiet(world.ledger);
  const ended = performance.now();
  const ms = { delivering: delivered - began, reconciling: found - delivered, draining: ended - found };
  return { reconciled, reconciledAgain, ms };
}

/** What waits for its next try is tried now, until nothing waits. */
async function deliverAll({ sandbox, control }: World): Promise<void> {
  const done = sandbox.settled().then(() => true);
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await Promise.race([done, delay(POLL_MS, false)]))) {
    if (performance.now() > deadline) throw new Error("The sandbox could not deliver its events.");
    await control("/deliveries/retry", {});
  }
}

async function reconcile({ tally }: World): Promise<ReconcileReport> {
  // Customers live on test clocks, years ahead.
  return tally.payment.reconcile({
    since: new Date(Date.now() - DAY_MS),
    until: new Date(Date.now() + 20 * 365 * DAY_MS),
  });
}

async function untilQuiet(ledger: Database): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await skipPauses(ledger);
      const [row] = await ledger.query<{ busy: number }>(
        `select (select count(*) from tallystick.task where status in ('pending', 'running'))
           + (select count(*) from tallystick.credit_outbox) as busy`,
      );
      if (row?.busy === 0) return;
    } catch (error) {
      // A row that is being claimed at this moment.
      if (!isTallystickError(error)) throw error;
    }
    // What is left is told by the checks.
    if (performance.now() > deadline) return;
    await delay(POLL_MS);
  }
}

/** As if the leases of workers that were killed had run out. */
async function endLeasesOfTheDead({ ledger, application }: World): Promise<void> {
  const dead = "select id from tallystick.task where status = 'running' and started_at < $1";
  const before = [application.startedAt];
  await ledger.query(
    `update tallystick.task set lease_until = clock_timestamp() where status = 'running' and id in (${dead})`,
    before,
  );
  await ledger.query(
    `update tallystick.task_lane set ready_at = clock_timestamp() where lease_token is not null and task_id in (${dead})`,
    before,
  );
}

async function skipPauses(ledger: Database): Promise<void> {
  await ledger.query("update tallystick.webhook_endpoint set paused_until = null where paused_until is not null");
  await ledger.query(
    "update tallystick.task set run_at = clock_timestamp() where status = 'pending' and run_at > clock_timestamp()",
  );
  await ledger.query(
    `update tallystick.task_lane set ready_at = clock_timestamp(), paused_until = null
     where ready_at > clock_timestamp() and lease_token is null`,
  );
}
