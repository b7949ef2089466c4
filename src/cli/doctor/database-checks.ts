// Checks of the database itself: version, clock, migrations.
import type { Engine } from "../../engine.ts";
import type { Database } from "../../db/database.ts";
import { duration, fail, ok, warn, type Finding } from "./finding.ts";

const OLDEST_POSTGRES = 150_000;
const SKEW_WARN_MS = 5_000;
// Signatures of webhooks are refused beyond it.
const SKEW_FAIL_MS = 300_000;

export async function checkDatabase(database: Database, source: string): Promise<Finding> {
  const [server] = await database.query<{ version: string; number: number }>(
    "select current_setting('server_version') as version, current_setting('server_version_num')::integer as number",
  );
  const message = `Postgres ${server?.version ?? "unknown"} of ${source}`;
  if ((server?.number ?? 0) >= OLDEST_POSTGRES) return ok("database", message);
  return fail("database", message, "Version 15 or later is needed; upgrade the server.");
}

/** Compares this process' clock with the database's, which decides expiry, leases and schedules. */
export async function checkClock(database: Database): Promise<Finding> {
  const before = Date.now();
  const [row] = await database.query<{ now: Date }>("select clock_timestamp() as now");
  const after = Date.now();
  const now = row?.now.getTime() ?? Number.NaN;
  // Anything within the round trip may be its own duration.
  const skewMs = now < before ? before - now : Math.max(0, now - after);
  const message = `this process and the database differ by ${duration(skewMs)}`;
  const advice =
    "Synchronise the clocks (NTP): webhook signatures are checked against this one, expiry against the database's.";
  if (skewMs > SKEW_FAIL_MS) return fail("clock", message, advice);
  return skewMs > SKEW_WARN_MS ? warn("clock", message, advice) : ok("clock", message);
}

export async function checkMigrations(tally: Pick<Engine, "migrationState">): Promise<Finding[]> {
  const { pending, functionsCurrent, unknown } = await tally.migrationState();
  const advice = "Run `tallystick migrate`.";
  const findings =
    unknown.length > 0
      ? [
          fail(
            "migrations",
            `a newer version was here: ${unknown.join(", ")}`,
            "Install that version of tallystick or a later one.",
          ),
        ]
      : pending.length > 0
        ? [fail("migrations", `pending: ${pending.join(", ")}`, advice)]
        : [ok("migrations", "all applied")];
  return [
    ...findings,
    functionsCurrent ? ok("functions", "current") : fail("functions", "not those of this version", advice),
  ];
}
