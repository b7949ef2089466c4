// Checks of what runs on the database: tick, tasks, ledger.
import { auditHealth, hasMoreAccounts } from "../../credits/audit/health.ts";
import type { Engine } from "../../engine.ts";
import type { Database } from "../../db/database.ts";
import { taskHealth } from "../../tasks/health.ts";
import { count } from "../table.ts";
import { duration, fail, ok, warn, type Finding } from "./finding.ts";

const TICK_WARN_MS = 25 * 3_600_000;
const BACKLOG_WARN_MS = 300_000;
const BACKLOG_FAIL_MS = 3_600_000;
const AUDIT_WARN_MS = 7 * 24 * 3_600_000;
// Audited whole within a second or so.
const SMALL_LEDGER_ACCOUNTS = 10_000;
const MEND = "Read `tallystick audit`; correct by entries, never by editing rows.";

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

/** Reads what the tick's audit has found. A small ledger that it has not been through is audited now. */
export async function checkLedger(database: Database, { credits }: Pick<Engine, "credits">): Promise<Finding> {
  const { lastRun, foundSince } = await auditHealth(database);
  if (lastRun === null && !(await hasMoreAccounts(database, SMALL_LEDGER_ACCOUNTS))) {
    const { accounts, violations } = await credits.audit();
    if (violations.length === 0) return ok("ledger", `consistent, ${count(accounts, "account")}`);
    return fail("ledger", count(violations.length, "violation"), MEND);
  }
  const stays = `${MEND} This stays until a run of the tick finds none.`;
  if (foundSince > 0) return fail("ledger", `${count(foundSince, "violation")}, by the audit under way`, stays);
  const advice = "Run `tallystick audit`, or let the tick run: it audits by itself, and that is read here.";
  if (lastRun === null) return warn("ledger", "no audit by the tick has finished yet", advice);
  const age = `audited ${duration(lastRun.ageMs)} ago`;
  if (lastRun.violations > 0) return fail("ledger", `${count(lastRun.violations, "violation")}, ${age}`, stays);
  const message = `consistent, ${age}`;
  return lastRun.ageMs > AUDIT_WARN_MS ? warn("ledger", message, advice) : ok("ledger", message);
}
