// The ledger's commands on a real database: what they print, what they change, how they exit, what they refuse to read.
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { createTestEngine } from "../../test/support/engine.ts";
import { connect, type Database } from "../db/database.ts";
import type { Tallystick } from "../index.ts";
import { errorBody, isTallystickError } from "../kernel/errors.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";

let tally: Tallystick;
let sql: Database;

beforeAll(async () => {
  const databaseUrl = await createTestDatabase();
  ({ tally } = await createTestEngine({ database: databaseUrl }));
  sql = connect(databaseUrl, { poolSize: 1 });
  return async () => {
    await tally.close();
    await sql.close();
  };
});

function prepare([name, ...words]: readonly string[]): ReturnType<Command["prepare"]> {
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined || !("prepare" in command)) throw new Error(`There is no command ${name}.`);
  return command.prepare(readArguments(command, words));
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly document: Record<string, unknown>;
}

/** Runs a command as the command line does, without a process of its own. */
async function cli(...words: string[]): Promise<Ran> {
  const work = prepare(words);
  try {
    const { data, text, failed } = await work({ tally, configFile: undefined, actor: "cli:test" });
    const document = JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
    return { status: failed === true ? 1 : 0, stdout: `${text}\n`, document };
  } catch (error) {
    if (!isTallystickError(error)) throw error;
    return { status: error.code === "invalid_request" ? 2 : 1, stdout: "", document: errorBody(error) };
  }
}

const refused = (code: string): object => ({ status: 1, document: { error: { code } } });

describe("usage", () => {
  it.each([
    ["a hold of more than 30 days", ["hold", "u", "1", "--expires-in", "2592001"]],
    ["a capture of nothing", ["capture", "1", "--amount", "0"]],
    ["an unknown overage", ["capture", "1", "--overage", "hope"]],
    ["a negative grace", ["refund", "1", "--grace-hours", "-1"]],
    ["a unit of an entry", ["refund", "1", "--unit", "token"]],
    ["an adjustment by nothing", ["adjust", "u", "0", "--reason", "r"]],
    ["an adjustment by minus nothing", ["adjust", "u", "-0", "--reason", "r"]],
    ["an adjustment by two minuses", ["adjust", "u", "--5", "--reason", "r"]],
    ["a correction without a reason", ["adjust", "u", "-5"]],
    ["a freeze without a reason", ["freeze", "u"]],
    ["an unfreeze with a blank reason", ["unfreeze", "u", "--reason", " "]],
    ["a merge into nobody", ["merge", "u", "--reason", "r"]],
    ["a limit without its period", ["limit", "u", "--amount", "5"]],
    ["a period without its limit", ["limit", "u", "--period", "day"]],
    ["a limit set and removed", ["limit", "u", "--period", "day", "--amount", "5", "--remove"]],
    ["a limit of a year", ["limit", "u", "--period", "year", "--amount", "5"]],
    ["an erasure that may not be meant", ["erase", "u"]],
  ])("refuses %s before it looks for a database", (_what, words) => {
    expect(() => prepare(words)).toThrow(UsageError);
  });
});

describe("hold, capture and void", () => {
  it("set aside, take a part, give back whole, and settle once", async () => {
    await cli("grant", "ada", "100", "--reason", "test");
    const held = await cli("hold", "ada", "40", "--expires-in", "60", "--idempotency-key", "h");
    expect(held).toMatchObject({ status: 0, document: { amount: 40, status: "open", balance: 100, available: 60 } });
    const again = await cli("hold", "ada", "40", "--idempotency-key", "h");
    expect(again.stdout).toMatch(/^Held before under this key, now open \(hold \d+\) until .+; available 60\.\n$/);
    const id = String(held.document["id"]);
    expect(await cli("capture", id, "--amount", "41")).toMatchObject(refused("invalid_state"));
    expect(await cli("capture", id, "--amount", "25")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Captured 25 of hold \d+ \(entry \d+\); balance 75\.\n$/) as string,
    });
    expect(await cli("void", id)).toMatchObject(refused("invalid_state"));
    const second = String((await cli("hold", "ada", "5")).document["id"]);
    expect((await cli("void", second)).stdout).toBe(`Voided: hold ${second} of 5; available 75.\n`);
    expect(await cli("capture", "999999")).toMatchObject(refused("not_found"));
    const third = String((await cli("hold", "ada", "5")).document["id"]);
    expect(await cli("capture", third, "--amount", "7", "--overage", "consume")).toMatchObject({
      status: 0,
      document: { captured: 5, balance: 68 },
    });
  });
});

describe("refund", () => {
  it("gives a debit back by its entry or its key, and never more than it took", async () => {
    await cli("grant", "bob", "50", "--reason", "test");
    const { document } = await cli("consume", "bob", "30", "--idempotency-key", "job");
    const entry = String(document["transactionId"]);
    expect(await cli("refund", entry, "--amount", "10", "--description", "half a job")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Refunded 10 \(entry \d+\); balance 30\.\n$/) as string,
    });
    expect(await cli("refund", "job", "--user", "bob", "--idempotency-key", "r")).toMatchObject({
      status: 0,
      document: { refunded: 20, balance: 50, replayed: false },
    });
    expect((await cli("refund", "job", "--user", "bob", "--idempotency-key", "r")).document).toMatchObject({
      replayed: true,
    });
    expect(await cli("refund", entry)).toMatchObject(refused("invalid_state"));
    expect(await cli("refund", "other", "--user", "bob")).toMatchObject(refused("not_found"));
    const [refund] = await sql.query(
      "select actor, description from tallystick.credit_transaction where refund_of_id = $1 order by id",
      [entry],
    );
    expect(refund).toEqual({ actor: "cli:test", description: "half a job" });
  });
});

describe("adjust", () => {
  it("adds, and takes off what a minus says, with actor and reason", async () => {
    expect((await cli("adjust", "carol", "20", "--reason", "goodwill")).stdout).toMatch(
      /^Adjusted carol by 20 \(entry \d+\); balance 20\.\n$/,
    );
    expect(await cli("adjust", "carol", "-5", "--reason", "mistake")).toMatchObject({
      status: 0,
      document: { balance: 15 },
    });
    expect(await cli("adjust", "carol", "--reason", "mistake", "--", "-5")).toMatchObject({
      document: { balance: 10 },
    });
    expect(await cli("adjust", "carol", "-11", "--reason", "mistake")).toMatchObject(refused("insufficient_credits"));
    const scoped = await cli(
      "adjust",
      "carol",
      "3",
      "--reason",
      "gift",
      "--scope",
      "video, image",
      "--expires-at",
      "2100-01-01",
    );
    const [lot] = await sql.query("select scope from tallystick.credit_lot where id = $1", [
      scoped.document["transactionId"],
    ]);
    expect(lot).toEqual({ scope: ["video", "image"] });
    expect(await cli("adjust", "carol", "-1", "--reason", "x", "--scope", "video")).toMatchObject({ status: 2 });
    expect(
      await sql.query(
        "select actor, description from tallystick.credit_transaction where amount = -5 and actor is not null",
      ),
    ).toEqual([1, 2].map(() => ({ actor: "cli:test", description: "mistake" })));
  });
});

describe("freeze, unfreeze and merge", () => {
  it("stop spending and let it go on; merge moves all and leaves an alias", async () => {
    await cli("grant", "dan", "10", "--reason", "test");
    expect(await cli("freeze", "dan", "--reason", "chargebacks")).toMatchObject({
      status: 0,
      stdout: "dan is frozen.\n",
    });
    expect(await cli("consume", "dan", "1")).toMatchObject(refused("account_frozen"));
    expect(await cli("unfreeze", "dan", "--reason", "cleared")).toMatchObject({
      status: 0,
      document: { userId: "dan", unit: "credit", frozen: false },
    });
    const held = String((await cli("hold", "dan", "1")).document["id"]);
    expect(await cli("merge", "dan", "eve", "--reason", "same person")).toMatchObject(refused("invalid_state"));
    await cli("void", held);
    expect((await cli("merge", "dan", "eve", "--reason", "same person")).stdout).toBe("Moved 10 from dan to eve.\n");
    expect((await cli("balance", "dan")).document).toMatchObject({ balance: 10 });
  });
});

describe("limit", () => {
  it("sets, shows and removes limits, and what would exceed them exits with 1", async () => {
    await cli("grant", "fay", "100", "--reason", "test");
    expect((await cli("limit", "fay")).stdout).toBe("No limits.\n");
    await cli("limit", "fay", "--period", "month", "--amount", "50", "--time-zone", "Asia/Shanghai");
    const set = await cli("limit", "fay", "--period", "day", "--amount", "0", "--member", "gil");
    expect(set.document["items"]).toMatchObject([
      { member: null, period: "month", amount: 50, timeZone: "Asia/Shanghai" },
      { member: "gil", period: "day", amount: 0 },
    ]);
    expect(await cli("consume", "fay", "1", "--member", "gil")).toMatchObject(refused("spend_limit_exceeded"));
    expect(await cli("consume", "fay", "51")).toMatchObject(refused("spend_limit_exceeded"));
    expect((await cli("limit", "fay")).stdout).toMatch(/^member +period +spent +limit +time zone +resets$/m);
    expect(await cli("limit", "fay", "--period", "day", "--amount", "1", "--time-zone", "Mars/Olympus")).toMatchObject({
      status: 2,
    });
    const left = await cli("limit", "fay", "--period", "month", "--remove");
    expect(left.document["items"]).toMatchObject([{ member: "gil" }]);
  });
});

describe("export-user and erase", () => {
  it("print all that is stored of a user as JSON, and make it nobody's", async () => {
    await cli("grant", "hal", "10", "--reason", "a gift to hal");
    const printed = await cli("export-user", "hal");
    expect(JSON.parse(printed.stdout)).toEqual((await cli("export-user", "hal")).document);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      userId: "hal",
      accounts: [{ unit: "credit", book: 10 }],
      transactions: [{ amount: 10, description: "a gift to hal" }],
      events: [],
    });
    expect((await cli("erase", "hal", "--yes")).stdout).toMatch(
      /^Erased: 1 account, 0 payments, 0 events stand under erased:\S+ now\.\n$/,
    );
    expect((await cli("export-user", "hal")).document).toMatchObject({ accounts: [], transactions: [] });
    expect(await cli("audit")).toMatchObject({ status: 0 });
  });
});
