// The command line itself: usage errors, help, and where the database comes from.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../test/support/cli.ts";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { commands } from "./commands.ts";
import { commandHelp } from "./help.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));

describe("usage", () => {
  it.each([
    ["no command", []],
    ["an unknown command", ["frobnicate"]],
    ["an unknown option before the command", ["--verbose", "balance", "u"]],
    ["an unknown option", ["balance", "u", "--verbose"]],
    ["a missing argument", ["grant", "u"]],
    ["an argument too many", ["balance", "u", "v"]],
    ["an amount of zero", ["consume", "u", "0"]],
    ["a negative amount", ["consume", "u", "-5"]],
    ["a negative amount after --", ["consume", "u", "--", "-5"]],
    ["a fraction", ["consume", "u", "0.5"]],
    ["an exponent", ["consume", "u", "1e3"]],
    ["a hexadecimal amount", ["consume", "u", "0x10"]],
    ["an amount beyond 2^53-1", ["consume", "u", "9007199254740992"]],
    ["an adjustment without a reason", ["grant", "u", "5"]],
    ["an adjustment with a blank reason", ["grant", "u", "5", "--reason", " "]],
    ["a type that is not granted", ["grant", "u", "5", "--type", "usage"]],
    ["an option without its value", ["grant", "u", "5", "--reason"]],
    ["a time without a zone", ["grant", "u", "5", "--reason", "r", "--expires-at", "2027-01-31T12:00"]],
    ["a day that does not exist", ["grant", "u", "5", "--reason", "r", "--expires-at", "2027-13-01"]],
    ["an unknown status", ["tasks", "--status", "lost"]],
    ["a limit beyond 100", ["events", "--limit", "101"]],
    ["a budget that is no number", ["expire", "--budget-ms", "soon"]],
    ["an id that is neither", ["replay", "abc"]],
  ])("refuses %s with exit status 2 before it looks for a database", async (_what, words) => {
    expect(await runCli(words, { directory })).toEqual({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^error: .+ \(usage\)\n$/),
    });
  });

  it("answers one JSON document with the error under --json", async () => {
    const { status, stdout, stderr } = await runCli(["grant", "u", "1.5", "--json"], { directory });
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ error: { code: "usage", message: expect.stringContaining("AMOUNT") } });
  });

  it("explains itself, every command and its version", async () => {
    const help = await runCli(["--help"], { directory });
    expect(help.status).toBe(0);
    const names = [...help.stdout.matchAll(/^ {2}([a-z][a-z-]*(?: [a-z][a-z-]*)?)[ A-Z]* {2}/gm)].map(([, name]) =>
      String(name),
    );
    expect(names).toEqual(commands.map(({ name }) => name));
    for (const command of commands) {
      expect(commandHelp(command)).toMatch(new RegExp(`^Usage: tallystick ${command.name} `));
    }
    const own = await runCli(["audit", "--help"], { directory });
    expect(own).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: tallystick audit /) });
    expect((await runCli(["--version"], { directory })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runCli(["help", "grant"], { directory })).stdout).toMatch(/^Usage: tallystick grant USER AMOUNT/);
  });
});

describe("the database", () => {
  it("is missing with a clear error where there is none, and none is created", async () => {
    const { status, stderr } = await runCli(["balance", "u"], { directory });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: No database was found: DATABASE_URL is not set.* \(not_found\)\n$/);
    expect(await runCli(["doctor"], { directory })).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^fail +database/),
    });
  });

  it("that does not answer is an error without its password", async () => {
    const databaseUrl = "postgres://postgres:hunter2@127.0.0.1:1/postgres";
    const { status, stdout, stderr } = await runCli(["balance", "u"], { directory, databaseUrl });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      "error: The database did not answer; repeat the call, with its idempotency key where it has one. (storage_unavailable)\n",
    );
    const doctor = await runCli(["doctor", "--json"], { directory, databaseUrl });
    expect(doctor.status).toBe(1);
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: false, checks: [{ name: "database", status: "fail" }] });
    expect(doctor.stdout).not.toContain("hunter2");
  });

  it("is the embedded one of a directory above: joined while it runs, started and stopped where it does not", async () => {
    const project = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
    onTestFinished(async () => rm(project, { recursive: true, force: true }));
    const inside = path.join(project, "packages", "app");
    mkdirSync(inside, { recursive: true });
    const postgres = await startEmbeddedPostgres({ directory: path.join(project, ".tallystick") });
    expect((await runCli(["migrate"], { directory: inside })).status).toBe(0);
    // Joined, not stopped: the server still answers its first user.
    expect(await answers(postgres.connectionString)).toBe(true);
    await postgres.stop();
    expect(await runCli(["grant", "u", "3", "--reason", "r"], { directory: inside })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(await answers(postgres.connectionString)).toBe(false);
  });

  it("needs a configuration that can be loaded", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
    writeFileSync(path.join(folder, "tallystick.config.mjs"), "export default { plans: [] };");
    const result = await runCli(["distribute"], { directory: folder, databaseUrl: "postgres://127.0.0.1:1/x" });
    expect(result).toMatchObject({ status: 1, stderr: expect.stringContaining("tallystick.config.mjs must export") });
    writeFileSync(path.join(folder, "tallystick.config.mjs"), "throw new Error('sk_live_secret is missing');");
    const thrown = await runCli(["distribute"], { directory: folder, databaseUrl: "postgres://127.0.0.1:1/x" });
    expect(thrown).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("could not be loaded: sk_… is missing"),
    });
  });
});

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
