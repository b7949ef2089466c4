// The commands of enrolments, each run as a process on a real database: what they grant, print and refuse.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli, type CliResult } from "../../test/support/cli.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "../db/database.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
writeFileSync(
  path.join(directory, "tallystick.config.mjs"),
  `import { defineCatalog } from ${JSON.stringify(pathToFileURL(path.resolve("src/index.ts")).href)};
   export default { catalog: defineCatalog({ plans: [
     { id: "free", name: "Free", credits: 50, validDays: 30 }, { id: "pro", name: "Pro", credits: 1000 },
   ] }) };`,
);
const without = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
let databaseUrl: string;
let sql: Database;

beforeAll(async () => {
  databaseUrl = await createTestDatabase();
  sql = connect(databaseUrl, { poolSize: 1 });
  return async () => sql.close();
});

const cli = async (...words: string[]): Promise<CliResult> => runCli(words, { databaseUrl, directory });

async function json(...words: string[]): Promise<{ status: number; document: Record<string, unknown> }> {
  const { status, stdout, stderr } = await cli(...words, "--json");
  expect(stderr).toBe("");
  return { status, document: JSON.parse(stdout) as Record<string, unknown> };
}

/** All that an enrolment command could change. */
const state = async (): Promise<unknown> =>
  sql.query(
    `select (select jsonb_agg(e order by id) from tallystick.credit_enrolment e) as enrolments,
       (select jsonb_agg(a order by id) from tallystick.user_credit a) as accounts`,
  );

const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;

describe("enrolments", () => {
  it("are made once, listed, changed under a key, paused, resumed and ended", async () => {
    expect((await cli("enrolments", "ada")).stdout).toBe("No enrolments.\n");
    const enrolled = await json("enrol", "ada", "free");
    const first = String(enrolled.document["enrolmentId"]);
    expect(enrolled).toEqual({ status: 0, document: { enrolmentId: first, created: true } });
    expect(await cli("enrol", "ada", "free")).toEqual({
      status: 0,
      stdout: `ada was enrolled in free before (enrolment ${first}).\n`,
      stderr: "",
    });
    const change = ["change-plan", "ada", "free", "pro", "--idempotency-key", "up"];
    const changed = await cli(...change);
    expect(changed).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Changed ada from free to pro \(enrolment \d+\); granted 950 credits\.\n$/),
    });
    const again = await json(...change);
    expect(again).toMatchObject({
      status: 0,
      document: { granted: 0, replayed: true, enrolment: { planId: "pro", status: "active", continuesId: first } },
    });
    const { id } = again.document["enrolment"] as { id: string };
    expect((await cli("pause-enrolment", id)).stdout).toMatch(
      new RegExp(`^Enrolment ${id} in pro is paused since ${time}\\.\n$`),
    );
    expect(await json("resume-enrolment", id, "--missed", "all")).toMatchObject({
      status: 0,
      document: { id, status: "active", pausedAt: null },
    });
    expect((await cli("end-enrolment", id)).stdout).toMatch(
      new RegExp(`^Enrolment ${id} in pro is ended as of ${time}\\.\n$`),
    );
    expect(await json("enrolments", "ada")).toMatchObject({
      status: 0,
      document: {
        items: [
          { id, planId: "pro", status: "ended", periodsGranted: 1 },
          { id: first, planId: "free", status: "ended", periodsGranted: 1 },
        ],
      },
    });
    expect((await cli("enrolments", "ada")).stdout).toMatch(/^ *id +plan +type +quantity +status +months +next due/);
    expect((await json("balance", "ada")).document).toMatchObject({ balance: 1000 });
  });

  it("that are resumed get what began during the pause, the running month alone or every one", async () => {
    const pausedFor = async (user: string, months: number): Promise<string> => {
      const { document } = await json("enrol", user, "free");
      const id = String(document["enrolmentId"]);
      await cli("pause-enrolment", id);
      await sql.query(
        `update tallystick.credit_enrolment set anchor_at = anchor_at - make_interval(months => $2),
           paused_at = paused_at - make_interval(months => $2), period_ends_at = period_ends_at - make_interval(months => $2)
         where id = $1`,
        [id, months],
      );
      return id;
    };
    await cli("resume-enrolment", await pausedFor("ben", 3));
    expect((await json("balance", "ben")).document).toMatchObject({ balance: 100 });
    await cli("resume-enrolment", await pausedFor("cat", 3), "--missed", "all");
    const { items } = (await json("enrolments", "cat")).document as { items: { periodsGranted: number }[] };
    expect(items).toMatchObject([{ status: "active", periodsGranted: 4 }]);
  });

  it("that are paid for go on to the end of their term", async () => {
    const [row] = await sql.query<{ id: string }>(
      `select tallystick.enrol_account('dan', 'pro', 'subscription_renewal', p_period_count => 12, p_source => 'sub_1')
         ->> 'enrolmentId' as id`,
    );
    await cli("distribute");
    expect((await cli("end-enrolment", String(row?.id), "--when", "term_end")).stdout).toMatch(
      new RegExp(`^Enrolment ${row?.id} in pro is active, 1 of 12 months granted, next due ${time}\\.\n$`),
    );
    expect((await cli("enrolments", "dan")).stdout).toMatch(/ active +1\/12 .* sub_1$/m);
  });

  it("begin their months in the user's time zone, which has to exist", async () => {
    expect(await json("time-zone", "eve", "Europe/Berlin")).toEqual({
      status: 0,
      document: { userId: "eve", unit: "credit", timeZone: "Europe/Berlin" },
    });
    expect(await cli("time-zone", "eve", "Mars/Olympus")).toMatchObject({ status: 2, stdout: "" });
    expect(await sql.query("select time_zone from tallystick.user_credit where user_id = 'eve'")).toEqual([
      { time_zone: "Europe/Berlin" },
    ]);
  });
});

describe("what is refused changes nothing", () => {
  it.each([
    ["a plan that the catalog lacks", 2, "invalid_request", ["enrol", "ada", "gold"]],
    ["a change to a plan that the catalog lacks", 2, "invalid_request", ["change-plan", "ada", "free", "gold"]],
    ["a change from a plan to itself", 2, "invalid_request", ["change-plan", "ada", "pro", "pro"]],
    ["a change of what is not there", 1, "invalid_state", ["change-plan", "nobody", "free", "pro"]],
    ["an enrolment that is not there", 1, "not_found", ["pause-enrolment", "999999"]],
    ["an enrolment by its user", 2, "usage", ["pause-enrolment", "ada"]],
    ["an unknown policy of a change", 2, "usage", ["change-plan", "ada", "free", "pro", "--grant", "half"]],
    ["an unknown anchor", 2, "usage", ["change-plan", "ada", "free", "pro", "--anchor", "then"]],
    ["an unknown policy of a resumption", 2, "usage", ["resume-enrolment", "1", "--missed", "none"]],
    ["an end at another time", 2, "usage", ["end-enrolment", "1", "--when", "later"]],
    ["an enrolment without its plan", 2, "usage", ["enrol", "ada"]],
  ])("%s", async (_what, status, code, words) => {
    const before = await state();
    expect(await json(...words)).toMatchObject({ status, document: { error: { code } } });
    expect(await state()).toEqual(before);
  });

  it.each([
    ["enrol", "ada", "free"],
    ["change-plan", "ada", "free", "pro"],
    ["resume-enrolment", "1"],
  ])("%s where no configuration names the plans", async (...words) => {
    const before = await state();
    expect(await runCli(words, { databaseUrl, directory: without })).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error: No tallystick\.config.* Nothing was changed\. \(invalid_state\)\n$/),
    });
    expect(await state()).toEqual(before);
  });
});
