// Runs the checks in order, as far as each lets the next be asked.
import { connect } from "../../db/database.ts";
import { databaseError } from "../../db/database-error.ts";
import { createEngine } from "../../engine.ts";
import { isTallystickError } from "../../kernel/errors.ts";
import { redact } from "../../kernel/logger.ts";
import { loadConfig } from "../config.ts";
import { defineCatalog } from "../../payment/catalog.ts";
import { surroundings } from "../env.ts";
import { findDatabase } from "../find-database.ts";
import { checkProviders } from "./catalog-checks.ts";
import { checkClock, checkDatabase, checkMigrations } from "./database-checks.ts";
import { checkDriver } from "./driver-checks.ts";
import { checkEvents } from "./event-checks.ts";
import { fail, type Finding } from "./finding.ts";
import { checkLedger, checkTasks } from "./ledger-checks.ts";

export async function examine(): Promise<Finding[]> {
  const found = await findDatabase(surroundings()).catch((error: unknown) => fail("database", describe(error)));
  if ("status" in found) return [found];
  const database = connect(found.url, { poolSize: 1 });
  const findings: Finding[] = [];
  const { catalog, payment, driver } = await loadConfig(surroundings().directory).then(
    ({ config }) => config,
    (error: unknown) => {
      findings.push(fail("configuration", describe(error)));
      return { catalog: defineCatalog({}), payment: undefined, driver: undefined };
    },
  );
  const tally = createEngine({ database: found.url, poolSize: 1, catalog, payment, driver });
  try {
    findings.push(await checkDatabase(database, found.source));
    findings.push(await checkClock(database));
    const migrations = await checkMigrations(tally);
    findings.push(...migrations);
    // Without its tables and functions nothing further can be asked.
    if (migrations.some(({ status }) => status === "fail")) return findings;
    findings.push(
      ...(await checkTasks(database)),
      ...(await checkDriver(database, driver)),
      ...(await checkEvents(database, tally)),
    );
    findings.push(await checkLedger(database, tally), ...(await checkProviders(tally, payment)));
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
