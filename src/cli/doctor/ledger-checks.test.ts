// What the doctor says of the ledger: what the tick's audit found, its age, and a small ledger audited at once.
import { describe, expect, it, onTestFinished } from "vitest";
import { plant } from "../../../test/properties/ledger-fixture.ts";
import { createTestEngine } from "../../../test/support/engine.ts";
import { connect, type Database } from "../../db/database.ts";
import type { Tallystick } from "../../index.ts";
import type { Finding } from "./finding.ts";
import { checkLedger } from "./ledger-checks.ts";

interface Patient {
  readonly tally: Tallystick;
  readonly database: Database;
  readonly databaseUrl: string;
  check(): Promise<Finding>;
}

async function patient(): Promise<Patient> {
  const { tally, databaseUrl } = await createTestEngine();
  const database = connect(databaseUrl, { poolSize: 1 });
  onTestFinished(async () => {
    await tally.close();
    await database.close();
  });
  await tally.credits.grant({ userId: "ann", amount: 10, type: "register_gift" });
  return { tally, database, databaseUrl, check: async () => checkLedger(database, tally) };
}

const breakBook = async ({ databaseUrl }: Patient): Promise<void> =>
  plant(databaseUrl, "update tallystick.user_credit set current_credits = 11 where user_id = 'ann'");

async function addAccounts({ database }: Patient, accounts: number): Promise<void> {
  await database.query(
    "insert into tallystick.user_credit (user_id, unit) select 'many-' || n, 'credit' from generate_series(1, $1) n",
    [accounts],
  );
}

const toAudit = "Run `tallystick audit`, or let the tick run: it audits by itself, and that is read here.";
const toMend =
  "Read `tallystick audit`; correct by entries, never by editing rows. This stays until a run of the tick finds none.";

describe("a ledger that no audit by the tick has been through", () => {
  it("is audited at once when it has up to 10,000 accounts", async () => {
    const one = await patient();
    await addAccounts(one, 9_999);
    expect(await one.check()).toMatchObject({ status: "ok", message: "consistent, 10000 accounts" });
    await breakBook(one);
    expect(await one.check()).toMatchObject({
      status: "fail",
      message: expect.stringMatching(/^\d violations$/) as string,
      advice: "Read `tallystick audit`; correct by entries, never by editing rows.",
    });
  });

  it("is a warning when it has more, whatever an audit would find", async () => {
    const one = await patient();
    await addAccounts(one, 10_000);
    await breakBook(one);
    expect(await one.check()).toEqual({
      name: "ledger",
      status: "warn",
      message: "no audit by the tick has finished yet",
      advice: toAudit,
    });
  });

  it("fails by what the first run has found before it ends", async () => {
    const one = await patient();
    await addAccounts(one, 10_000);
    await one.tally.tick();
    await one.database.query(
      "update tallystick.credit_proof_run set finished_at = null, violations = 2 where kind = 'audit'",
    );
    expect(await one.check()).toMatchObject({ status: "fail", message: "2 violations, by the audit under way" });
  });
});

describe("a ledger that the tick has audited", () => {
  it("is what the run that finished last found, with its age, and is not audited again", async () => {
    const one = await patient();
    await one.tally.tick();
    await breakBook(one);
    await one.database.query(
      "update tallystick.credit_proof_run set finished_at = finished_at - interval '3 hours' where kind = 'audit'",
    );
    expect(await one.check()).toEqual({
      name: "ledger",
      status: "ok",
      message: "consistent, audited 3 h ago",
      advice: null,
    });
  });

  it("fails by violations until a run finds none, also when the run is old", async () => {
    const one = await patient();
    await breakBook(one);
    await one.tally.tick();
    const failed = { name: "ledger", status: "fail", advice: toMend };
    expect(await one.check()).toEqual({
      ...failed,
      message: expect.stringMatching(/^\d violations, audited \d+ m?s ago$/) as string,
    });
    await one.database.query(
      `update tallystick.credit_proof_run set started_at = started_at - interval '8 days',
         finished_at = finished_at - interval '8 days' where kind = 'audit'`,
    );
    expect(await one.check()).toEqual({
      ...failed,
      message: expect.stringMatching(/^\d violations, audited 192 h ago$/) as string,
    });
    await plant(one.databaseUrl, "update tallystick.user_credit set current_credits = 10 where user_id = 'ann'");
    await one.tally.tick();
    expect(await one.check()).toMatchObject({ status: "ok" });
  });

  it("is a warning when the run is older than a week, until another has finished", async () => {
    const one = await patient();
    await one.tally.tick();
    await one.database.query(
      `update tallystick.credit_proof_run set started_at = started_at - interval '169 hours',
         finished_at = finished_at - interval '169 hours' where kind = 'audit'`,
    );
    const stale = { name: "ledger", status: "warn", message: "consistent, audited 169 h ago", advice: toAudit };
    expect(await one.check()).toEqual(stale);
    await one.database.query(
      `insert into tallystick.credit_proof_run (kind, walk, next_id, last_id, step_size, started_at)
       values ('audit', 'accounts', 1, 1, 500, clock_timestamp() - interval '1 minute'),
         ('seal', 'accounts', 1, 1, 500, clock_timestamp())`,
    );
    expect(await one.check()).toEqual(stale);
    await one.tally.tick();
    expect(await one.check()).toMatchObject({ status: "ok" });
  });
});
