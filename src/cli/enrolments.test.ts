// The commands of enrolments on a real database: what they print, what they change, what they refuse to read.
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { createTestEngine } from "../../test/support/engine.ts";
import type { Tallystick } from "../index.ts";
import { isTallystickError } from "../kernel/errors.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Command, Outcome } from "./command.ts";
import { commands } from "./commands.ts";

let tally: Tallystick;

beforeAll(async () => {
  ({ tally } = await createTestEngine({ database: await createTestDatabase() }));
  return async () => tally.close();
});

function prepare([name, ...words]: readonly string[]): ReturnType<Command["prepare"]> {
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined || "diagnose" in command) throw new Error(`There is no command ${name}.`);
  return command.prepare(readArguments(command, words));
}

async function cli(...words: string[]): Promise<Outcome> {
  return prepare(words)({ tally, configFile: undefined, actor: "cli:test" });
}

async function refusal(...words: string[]): Promise<unknown> {
  return cli(...words).then(
    () => "no refusal",
    (error: unknown) => (isTallystickError(error) ? error.code : error),
  );
}

async function shown(userId: string): Promise<number> {
  return (await tally.credits.balance({ userId })).balance;
}

describe("enrolments", () => {
  it.each([
    ["an enrolment in nothing", ["enrol", "u"]],
    ["a change to nothing", ["change-plan", "u", "free"]],
    ["an unknown rule", ["change-plan", "u", "free", "pro", "--grant", "all"]],
    ["an unknown anchor", ["change-plan", "u", "free", "pro", "--anchor", "then"]],
    ["an unknown end", ["end-enrolment", "1", "--when", "soon"]],
    ["an unknown choice of what was missed", ["resume-enrolment", "1", "--missed", "some"]],
    ["a zone of nobody", ["time-zone", "u"]],
  ])("refuse %s before they look for a database", (_what, words) => {
    expect(() => prepare(words)).toThrow(UsageError);
  });

  it("begin once, are listed, change their plan, pause, resume and end", async () => {
    expect((await cli("enrolments", "ada")).text).toBe("No enrolments.");
    expect((await cli("enrol", "ada", "free")).text).toBe("ada is enrolled in free.");
    expect((await cli("enrol", "ada", "free")).text).toBe("ada was enrolled in free before.");
    expect(await shown("ada")).toBe(50);
    expect((await cli("enrolments", "ada")).text).toMatch(
      /^id +plan +status +months +next +source\n\d+ +free +active +1 +\d{4}-\S+Z$/,
    );

    const changed = await cli("change-plan", "ada", "free", "pro", "--idempotency-key", "up");
    expect(changed.text).toMatch(/^ada has changed to pro: 950 credits now\.\nid .*\n\d+ +pro +active/);
    expect(await cli("change-plan", "ada", "free", "pro", "--idempotency-key", "up")).toMatchObject({
      data: { replayed: true },
    });
    expect(await shown("ada")).toBe(1000);

    const { enrolment } = changed.data as { enrolment: { id: string } };
    expect((await cli("pause-enrolment", enrolment.id)).text).toMatch(/pro +paused +1 +-$/);
    expect((await cli("resume-enrolment", enrolment.id, "--missed", "all")).text).toMatch(/pro +active +1 +\d/);
    expect((await cli("end-enrolment", enrolment.id)).text).toMatch(/pro +ended +1 +-$/);
    expect(await refusal("pause-enrolment", enrolment.id)).toBe("invalid_state");
    expect(await shown("ada")).toBe(1000);
  });

  it("refuse plans that the catalog does not have, ids of nothing, and zones that are none, and change nothing", async () => {
    expect(await refusal("enrol", "bob", "gold")).toBe("invalid_request");
    expect(await refusal("change-plan", "bob", "free", "pro")).toBe("invalid_state");
    expect(await refusal("end-enrolment", "999999")).toBe("not_found");
    expect(await refusal("end-enrolment", "x")).toBe("not_found");
    expect(await refusal("time-zone", "bob", "Mars/Base")).toBe("invalid_request");
    expect((await cli("enrolments", "bob")).data).toEqual({ items: [] });
    expect((await cli("time-zone", "bob", "Asia/Shanghai")).text).toBe(
      "Months of bob begin by the clock of Asia/Shanghai.",
    );
  });
});
