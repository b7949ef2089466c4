// The commands on a real database, each run as a process: what they print, what they change, how they exit.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli, type CliResult } from "../../test/support/cli.ts";
import { createEmptyDatabase, createTestDatabase } from "../../test/support/database.ts";
import { createTestEngine, checkoutSession, sendEvent } from "../../test/support/engine.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = await createTestDatabase();
});

const cli = async (...words: string[]): Promise<CliResult> => runCli(words, { databaseUrl, directory });

async function json(...words: string[]): Promise<{ status: number; document: Record<string, unknown> }> {
  const { status, stdout, stderr } = await cli(...words, "--json");
  expect(stderr).toBe("");
  return { status, document: JSON.parse(stdout) as Record<string, unknown> };
}

async function query(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

describe("balance, grant and consume", () => {
  it("reads zeros for an unknown user", async () => {
    const { status, document } = await json("balance", "nobody");
    expect(status).toBe(0);
    expect(document).toEqual({
      userId: "nobody",
      unit: "credit",
      balance: 0,
      available: 0,
      held: 0,
      debt: 0,
      lots: [],
    });
  });

  it("grants with the operating system's user as the actor and the reason in the journal", async () => {
    const { status, document } = await json("grant", "alice", "100", "--reason", "goodwill");
    expect(status).toBe(0);
    expect(document).toMatchObject({ balance: 100, available: 100, replayed: false });
    const [entry] = await query("select type, actor, description from tallystick.credit_transaction where id = $1", [
      document["transactionId"],
    ]);
    expect(entry).toEqual({ type: "adjustment", actor: expect.stringMatching(/^cli:.+/), description: "goodwill" });
  });

  it("grants once for one idempotency key and says so", async () => {
    const words = ["grant", "keyed", "5", "--type", "purchase_package", "--idempotency-key", "k1"];
    expect((await json(...words)).document).toMatchObject({ replayed: false });
    expect((await json(...words)).document).toMatchObject({ replayed: true, balance: 5 });
    expect((await cli(...words)).stdout).toMatch(/^Granted before under this key/);
    const conflict = await json("grant", "keyed", "6", "--type", "purchase_package", "--idempotency-key", "k1");
    expect(conflict).toMatchObject({ status: 1, document: { error: { code: "idempotency_conflict" } } });
  });

  it("grants lots that expire, in a unit of their own, and lists them", async () => {
    await cli("grant", "bob", "7", "--reason", "trial", "--expires-at", "2100-01-31", "--unit", "token");
    const { document } = await json("balance", "bob", "--unit", "token");
    expect(document).toMatchObject({
      unit: "token",
      balance: 7,
      lots: [{ remaining: 7, expiresAt: "2100-01-31T00:00:00.000Z" }],
    });
    const { stdout } = await cli("balance", "bob", "--unit", "token");
    expect(stdout).toMatch(/^lot +type +amount +remaining +priority +expires$/m);
  });

  it("consumes all of an amount, or refuses with exit status 1 and changes nothing", async () => {
    await cli("grant", "carol", "10", "--reason", "test");
    const consumed = await json("consume", "carol", "4", "--description", "image");
    expect(consumed).toMatchObject({
      status: 0,
      document: { balance: 6, allocations: [{ amount: 4 }], replayed: false },
    });
    const refused = await json("consume", "carol", "7");
    expect(refused).toMatchObject({ status: 1, document: { error: { code: "insufficient_credits", available: 6 } } });
    expect(await cli("consume", "carol", "7")).toEqual({
      status: 1,
      stdout: "",
      stderr: "error: The account has too few credits available. (insufficient_credits)\n",
    });
    expect((await json("balance", "carol")).document).toMatchObject({ balance: 6 });
  });
});

describe("cost", () => {
  it("prices by the catalog of tallystick.config, and consumes a quantity at that price", async () => {
    const configured = { databaseUrl, directory: configuredDirectory() };
    expect(JSON.parse((await runCli(["cost", "image", "3", "--json"], configured)).stdout)).toEqual({
      feature: "image",
      quantity: 3,
      unit: "credit",
      amount: 9,
    });
    expect((await runCli(["cost", "image", "3"], configured)).stdout).toBe("3 of image cost 9 (credit).\n");
    expect(await runCli(["cost", "film", "3"], configured)).toMatchObject({ status: 2, stdout: "" });
    await cli("grant", "painter", "10", "--reason", "test");
    const consumed = await runCli(["consume", "painter", "3", "--quantity", "--feature", "image"], configured);
    expect(consumed.stdout).toMatch(/^Consumed 9 from 1 lot .*; balance 1\.\n$/);
    expect(await cli("consume", "painter", "1", "--quantity")).toMatchObject({ status: 2 });
  });
});

describe("alerts", () => {
  it("shows the product's rules, sets the user's own, switches them off and goes back", async () => {
    const configured = { databaseUrl, directory: configuredDirectory() };
    await runCli(["migrate"], configured);
    await runCli(["grant", "watched", "100", "--reason", "test"], configured);
    await runCli(["consume", "watched", "95"], configured);
    const shown = await runCli(["alerts", "watched"], configured);
    expect(shown.stdout).toMatch(/^rules +low below 10 \(the product's\)$/m);
    expect(shown.stdout).toMatch(/ low +5 +-$/m);
    const set = await json("alerts", "watched", "--low-percent", "25", "--exhausted", "--expiring-days", "7");
    expect(set.document).toMatchObject({
      own: true,
      rules: [{ kind: "low", percent: 25 }, { kind: "exhausted" }, { kind: "expiring", days: 7 }],
    });
    expect((await json("alerts", "watched", "--off")).document).toMatchObject({ own: true, rules: [] });
    expect((await json("alerts", "watched", "--default")).document).toMatchObject({
      own: false,
      rules: [{ kind: "low", amount: 10 }],
    });
    expect(await cli("alerts", "watched", "--off", "--exhausted")).toMatchObject({ status: 2 });
    expect(await cli("alerts", "watched", "--low-percent", "100")).toMatchObject({ status: 2 });
  });
});

describe("migrate", () => {
  it("brings an empty database to this version, and a second run changes nothing", async () => {
    const fresh = { databaseUrl: await createEmptyDatabase(), directory };
    const doctor = await runCli(["doctor"], fresh);
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toMatch(/^fail +migrations +pending: 0001_ledger/m);
    expect(await runCli(["balance", "x"], fresh)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("(not_migrated)"),
    });
    const first = JSON.parse((await runCli(["migrate", "--json"], fresh)).stdout) as { applied: string[] };
    expect(first).toMatchObject({ functionsReplaced: true });
    expect(first.applied).toContain("0001_ledger");
    expect(JSON.parse((await runCli(["migrate", "--json"], fresh)).stdout)).toEqual({
      applied: [],
      functionsReplaced: false,
    });
    expect((await runCli(["doctor"], fresh)).status).toBe(0);
  });
});

describe("expire and distribute", () => {
  it("counts what it booked", async () => {
    await cli("grant", "late", "9", "--reason", "test", "--expires-at", "2100-01-01");
    await query(
      "update tallystick.credit_lot set effective_at = '2020-01-01', expiration_date = '2020-01-02' where amount = 9",
    );
    await query("update tallystick.user_credit set next_change_at = '2020-01-02' where user_id = 'late'");
    expect(await json("expire")).toEqual({
      status: 0,
      document: { expired: 1, accounts: 1, credits: 9, remaining: 0 },
    });
    expect((await cli("expire", "--budget-ms", "1000")).stdout).toBe("Expired 0 lots of 0 accounts: 0 credits.\n");
  });

  it("grants by the catalog of tallystick.config, and fails where an enrolment's plan is unknown", async () => {
    await query("select tallystick.enrol_account('member', 'free', 'monthly_refresh')");
    const without = await cli("distribute");
    expect(without.status).toBe(1);
    expect(without.stdout).toContain("No tallystick.config was found");
    expect(without.stdout).toContain("free");
    const configured = { databaseUrl, directory: configuredDirectory() };
    const result = await runCli(["distribute", "--json"], configured);
    expect(result.status).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ count: 1, credits: 50, unknownPlans: [] });
  });
});

describe("events, tasks and replay", () => {
  it("lists, filters and pages what was received, and reopens an event or its task", async () => {
    const { tally } = await createTestEngine({ database: databaseUrl });
    await sendEvent(tally, {
      id: "evt_cli1",
      type: "checkout.session.completed",
      object: checkoutSession({ userId: "payer", priceId: "price_credits_plus" }),
    });
    await sendEvent(tally, { id: "evt_cli2", type: "customer.created", object: { object: "customer", id: "cus_1" } });
    await tally.drain();
    await tally.close();

    const { document } = await json("events", "--limit", "1");
    expect(document).toMatchObject({
      items: [{ eventId: "evt_cli2", status: "ignored" }],
      nextCursor: expect.any(String),
    });
    const second = await json("events", "--cursor", String(document["nextCursor"]), "--status", "processed");
    const items = second.document["items"] as { id: string; eventId: string; taskId: string }[];
    expect(items).toMatchObject([{ eventId: "evt_cli1", status: "processed" }]);
    expect((await cli("events")).stdout).toMatch(/^ *id +event +type +status +task +received$/m);

    const [event] = items;
    expect(await json("replay", "evt_cli1", "--reason", "again")).toEqual({
      status: 0,
      document: { id: "evt_cli1", kind: "event", status: "pending" },
    });
    expect((await json("tasks", "--status", "pending")).document).toMatchObject({
      items: [{ id: event?.taskId, name: "payment-event" }],
    });
    expect(await json("replay", String(event?.id), "--event")).toMatchObject({ status: 0 });
    expect(await json("replay", String(event?.taskId))).toMatchObject({ status: 0, document: { kind: "task" } });
    const attempts = await query(
      "select worker, error from tallystick.task_attempt where outcome = 'replayed' order by id",
    );
    expect(attempts[0]).toEqual({ worker: expect.stringMatching(/^cli:/), error: "again" });
    expect(await json("replay", "evt_unknown")).toMatchObject({
      status: 1,
      document: { error: { code: "not_found" } },
    });

    const drained = await runCli(["drain", "--json"], { databaseUrl, directory: configuredDirectory() });
    expect(JSON.parse(drained.stdout)).toMatchObject({ done: 1, dead: 0, remaining: 0 });
    expect((await json("balance", "payer")).document).toMatchObject({ balance: 500 });
  });
});

describe("work", () => {
  it("runs what is due until it is asked to stop, and exits with 0", async () => {
    const { tally } = await createTestEngine({ database: databaseUrl });
    const object = checkoutSession({ userId: "worked-for", priceId: "price_credits_plus" });
    await sendEvent(tally, { id: "evt_work", type: "checkout.session.completed", object });
    await tally.close();
    const main = path.resolve(import.meta.dirname, "main.ts");
    const env = { PATH: process.env["PATH"], DATABASE_URL: databaseUrl };
    const child = spawn(process.execPath, [main, "work"], { cwd: configuredDirectory(), env });
    const balance = async () => (await json("balance", "worked-for")).document["balance"];
    await expect.poll(balance, { timeout: 20_000, interval: 200 }).toBe(500);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});

describe("tick and drain", () => {
  it("refuse to run without a configuration, which would fail tasks that they don't know", async () => {
    for (const command of ["tick", "drain", "work"]) {
      expect(await json(command)).toMatchObject({ status: 1, document: { error: { code: "invalid_state" } } });
    }
  });

  it("leaves the tick's heartbeat, which the doctor reads", async () => {
    const configured = { databaseUrl, directory: configuredDirectory() };
    const { status, stdout } = await runCli(["tick", "--json"], configured);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      slots: 0,
      maintenance: { expire: {}, distribute: {} },
      tasks: { dead: 0 },
    });
    expect((await cli("doctor")).stdout).toMatch(/^ok +tick +last one/m);
  });
});

describe("doctor and audit", () => {
  it("exits with 0 on a consistent ledger and with 1, naming the account, on a broken one", async () => {
    expect(await json("audit")).toMatchObject({ status: 0, document: { ok: true, violations: [] } });
    await query("select tallystick.grant_credits('victim', 10, 'adjustment')");
    await query("update tallystick.user_credit set current_credits = 11 where user_id = 'victim'");
    const broken = await json("audit");
    expect(broken).toMatchObject({ status: 1, document: { ok: false } });
    expect(broken.document["violations"]).toContainEqual(
      expect.objectContaining({ equation: "book_is_sum_of_entries", userId: "victim" }),
    );
    expect((await cli("audit")).stdout).toContain("victim");
    expect(await json("doctor")).toMatchObject({ status: 1, document: { ok: false } });
    await query("update tallystick.user_credit set current_credits = 10 where user_id = 'victim'");
  });

  it("warns of a tick that is overdue, a backlog and dead tasks, each with what to do", async () => {
    await query("update tallystick.schedule_run set due_at = due_at - interval '26 hours' where task_name = 'tick'");
    await query("select tallystick.enqueue_task('x', '{}', 1)");
    await query("update tallystick.task set run_at = run_at - interval '10 minutes' where name = 'x'");
    await query(
      "update tallystick.task set status = 'dead', finished_at = clock_timestamp() where id in (select max(id) from tallystick.task where status = 'done')",
    );
    const { status, document } = await json("doctor");
    expect(status).toBe(0);
    const checks = document["checks"] as { name: string; status: string; advice: string | null }[];
    expect(checks.map(({ name, status: found }) => [name, found])).toEqual([
      ["database", "ok"],
      ["clock", "ok"],
      ["migrations", "ok"],
      ["functions", "ok"],
      ["tick", "warn"],
      ["backlog", "warn"],
      ["dead tasks", "warn"],
      ["driver", "ok"],
      ["outbox", "ok"],
      ["endpoints", "ok"],
      ["ledger", "ok"],
    ]);
    for (const check of checks) expect(check.advice === null).toBe(check.status === "ok");
  });

  it("tells of a large ledger what the scheduled audit found, and audits nothing itself", async () => {
    const ledger = async (): Promise<string | undefined> => /^.* ledger .*$/m.exec((await cli("doctor")).stdout)?.[0];
    await query("insert into tallystick.user_credit (user_id) select 'many-' || n from generate_series(1, 10001) n");
    await query("delete from tallystick.credit_proof_run");
    expect(await ledger()).toMatch(/^warn +ledger +no audit has run yet$/);
    const run = "insert into tallystick.credit_proof_run (kind, walk, next_id, last_id, step_size, started_at";
    await query(`${run}) values ('audit', 'accounts', 1, 9, 1, clock_timestamp() - interval '5 minutes')`);
    expect(await ledger()).toMatch(/^warn +ledger +the first audit began 5 min ago and goes on$/);
    const longAgo = "clock_timestamp() - interval '4 hours'";
    await query(`${run}, finished_at) values ('audit', 'seals', 1, 0, 1, ${longAgo}, ${longAgo})`);
    expect(await ledger()).toMatch(/^ok +ledger +consistent in the last audit, 4 h ago$/);
    await query("update tallystick.credit_proof_run set violations = 1 where finished_at is null");
    expect(await ledger()).toMatch(/^fail +ledger +1 violation so far in the audit that began 5 min ago$/);
    await query("delete from tallystick.credit_proof_run where finished_at is null");
    await query("update tallystick.credit_proof_run set finished_at = finished_at - interval '8 days'");
    expect(await ledger()).toMatch(/^warn +ledger +consistent in the last audit, 196 h ago$/);
    await query("update tallystick.credit_proof_run set violations = 2");
    expect(await ledger()).toMatch(/^fail +ledger +2 violations in the audit 196 h ago$/);
    await query("delete from tallystick.credit_proof_run");
    await query("delete from tallystick.user_credit where user_id like 'many-%'");
  });

  it("says which functions are not current", async () => {
    await query("update tallystick.migration set hash = 'other' where name = 'functions'");
    expect((await cli("doctor")).stdout).toMatch(/^fail +functions .*\n +-> Run `tallystick migrate`\.$/m);
    await cli("migrate");
    expect((await cli("doctor")).status).toBe(0);
  });
});

/** A directory with a configuration that has a plan, a pack and a payment provider. */
function configuredDirectory(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
  const source = (file: string): string => JSON.stringify(pathToFileURL(path.resolve("src", file)).href);
  writeFileSync(
    path.join(folder, "tallystick.config.mjs"),
    `import { defineCatalog } from ${source("index.ts")};
     import { stripe } from ${source("payment/provider/stripe.ts")};
     export default {
       alerts: [{ kind: "low", amount: 10 }],
       catalog: defineCatalog({
         plans: [{ id: "free", name: "Free", credits: 50, validDays: 30 }],
         features: { image: { credits: 3 } },
         packs: [{ id: "plus", name: "Plus", credits: 500, priceId: "price_credits_plus" }],
       }),
       payment: stripe({ webhookSecrets: ["whsec_unused"] }),
     };`,
  );
  return folder;
}
