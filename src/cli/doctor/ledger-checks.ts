// Checks of what runs on the database: tick, tasks, ledger.
import { auditHealth, type AuditRun } from "../../credits/audit/last-run.ts";
import type { Engine } from "../../engine.ts";
import type { Database } from "../../db/database.ts";
import { taskHealth } from "../../tasks/health.ts";
import { count } from "../table.ts";
import { duration, fail, ok, warn, type Finding } from "./finding.ts";

const TICK_WARN_MS = 25 * 3_600_000;
const BACKLOG_WARN_MS = 300_000;
const BACKLOG_FAIL_MS = 3_600_000;
/** As many accounts are audited within about a second. */
const SMALL_LEDGER = 10_000;
const AUDIT_WARN_MS = 7 * 24 * 3_600_000;
const AUDIT_ADVICE = "Let the tick run, which audits a part each time, or run `tallystick audit`.";

export async function checkTasks(database: Database): Promise<Finding[]> {
  const { lastTick, dead, oldestDueMs } = await taskHealth(database);
  return [checkTick(lastTick), checkBacklog(oldestDueMs), checkDead(dead)];
}

function checkTick(last: Awaited<ReturnType<typeof taskHealth>>["lastTick"]): Finding {
  const advice = "Let a scheduler call /api/cron/tick at least once a day, with its secret.";
  if (last === null) return warn("tick", "none has run yet", advice);
  const message = `last one ${duration(last.ageMs)} ago`;
  if (last.status === "failed") {
    return fail(
      "tick",
      `${message}, and it failed: ${last.error ?? "no error recorded"}`,
      "Mend the cause; the next tick catches up.",
    );
  }
  return last.ageMs > TICK_WARN_MS ? warn("tick", message, advice) : ok("tick", message);
}

function checkBacklog(oldestDueMs: number | null): Finding {
  if (oldestDueMs === null) return ok("backlog", "nothing is due");
  const message = `the oldest due task has waited ${duration(oldestDueMs)}`;
  const advice = "See that a worker runs, or that a scheduler calls /api/cron/tick.";
  if (oldestDueMs > BACKLOG_FAIL_MS) return fail("backlog", message, advice);
  return oldestDueMs > BACKLOG_WARN_MS ? warn("backlog", message, advice) : ok("backlog", message);
}

function checkDead(dead: number): Finding {
  if (dead === 0) return ok("dead tasks", "none");
  const advice = "Read `tallystick tasks --status dead`, mend the cause, then `tallystick replay ID`.";
  return warn("dead tasks", count(dead, "task"), advice);
}

/** A small ledger is audited at once; of a larger one it is told what the scheduled audit found. */
export async function checkLedger(database: Database, { credits }: Pick<Engine, "credits">): Promise<Finding> {
  const { isSmall, lastRun, openRun } = await auditHealth(database, SMALL_LEDGER);
  if (isSmall) {
    const { accounts, violations } = await credits.audit();
    return violations.length === 0
      ? ok("ledger", `consistent, ${count(accounts, "account")}`)
      : broken(count(violations.length, "violation"));
  }
  if (openRun !== null && openRun.violations > 0) {
    return broken(`${count(openRun.violations, "violation")} so far in the audit that began ${ago(openRun)}`);
  }
  if (lastRun === null) {
    const message = openRun === null ? "no audit has run yet" : `the first audit began ${ago(openRun)} and goes on`;
    return warn("ledger", message, AUDIT_ADVICE);
  }
  if (lastRun.violations > 0) return broken(`${count(lastRun.violations, "violation")} in the audit ${ago(lastRun)}`);
  const message = `consistent in the last audit, ${ago(lastRun)}`;
  return lastRun.ageMs > AUDIT_WARN_MS ? warn("ledger", message, AUDIT_ADVICE) : ok("ledger", message);
}

function broken(message: string): Finding {
  return fail("ledger", message, "Read `tallystick audit`; correct by entries, never by editing rows.");
}

function ago({ ageMs }: AuditRun): string {
  return `${duration(ageMs)} ago`;
}
