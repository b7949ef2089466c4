// tallystick doctor: what is wrong with an installation, and what to do about each thing.
import { styleText } from "node:util";
import { createEngine } from "../engine.ts";
import { connect } from "../db/database.ts";
import { databaseError } from "../db/database-error.ts";
import { isTallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import { defineCatalog } from "../payment/catalog.ts";
import type { DiagnosticCommand, Outcome } from "./command.ts";
import { checkClock, checkDatabase, checkMigrations } from "./doctor/database-checks.ts";
import { fail, type Finding } from "./doctor/finding.ts";
import { checkLedger, checkTasks } from "./doctor/ledger-checks.ts";
import { surroundings } from "./env.ts";
import { findDatabase } from "./find-database.ts";

export const doctor: DiagnosticCommand = {
  name: "doctor",
  summary: "Check database, migrations, clock, tick, tasks and ledger, and say what to do.",
  parameters: [],
  options: {},
  async diagnose() {
    const findings = await examine();
    const ok = findings.every(({ status }) => status !== "fail");
    return { data: { ok, checks: findings }, text: findings.map(line).join("\n"), failed: !ok } satisfies Outcome;
  },
};

async function examine(): Promise<Finding[]> {
  const found = await findDatabase(surroundings()).catch((error: unknown) => fail("database", describe(error)));
  if ("status" in found) return [found];
  const database = connect(found.url, { poolSize: 1 });
  const tally = createEngine({ database: found.url, poolSize: 1, catalog: defineCatalog({}) });
  const findings: Finding[] = [];
  try {
    findings.push(await checkDatabase(database, found.source));
    findings.push(await checkClock(database));
    const migrations = await checkMigrations(tally);
    findings.push(...migrations);
    // Without its tables and functions nothing further can be asked.
    if (migrations.some(({ status }) => status === "fail")) return findings;
    findings.push(...(await checkTasks(database)), await checkLedger(tally));
    return findings;
  } catch (error) {
    return [...findings, fail(findings.length === 0 ? "database" : "next check", describe(databaseError(error)))];
  } finally {
    await Promise.all([database.close(), tally.close()]);
    await found.close();
  }
}

function describe(error: unknown): string {
  const cause = isTallystickError(error) && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return redact(`${error instanceof Error ? error.message : String(error)}${cause}`);
}

const colours = { ok: "green", warn: "yellow", fail: "red" } as const;

function line({ name, status, message, advice }: Finding): string {
  // styleText leaves colours out where standard output is no terminal, or NO_COLOR is set.
  const head = `${styleText(colours[status], status.padEnd(4))}  ${name.padEnd(10)}  ${message}`;
  return advice === null ? head : `${head}\n${" ".repeat(18)}-> ${advice}`;
}
