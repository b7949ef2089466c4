// From a command line to an exit status: 0; 1 when something failed or was found to be wrong; 2 when the command line or
// its input is not valid. With --json exactly one JSON document goes to standard output, an error's too.
import { databaseError } from "../db/database-error.ts";
import { errorBody, isTallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import { readArguments, UsageError, type CommandOption } from "./arguments.ts";
import type { AnyCommand, Outcome } from "./command.ts";
import { commands } from "./commands.ts";
import { commandHelp, generalHelp, version } from "./help.ts";

const general: Readonly<Record<string, CommandOption>> = {
  json: { type: "boolean", help: "Print one JSON document." },
  help: { type: "boolean", help: "Print this help." },
};

/** Runs one command line and answers the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  const json = words.includes("--json");
  try {
    const outcome = await runCommand(
      words.map((word) => (word === "-h" ? "--help" : word)),
      json,
    );
    printOutcome(outcome, json);
    return outcome.failed === true ? 1 : 0;
  } catch (cause) {
    const { status, body } = describe(databaseError(cause));
    if (json) print(JSON.stringify(body, null, 2));
    else process.stderr.write(`error: ${body.error.message} (${body.error.code})\n`);
    return status;
  }
}

async function runCommand(words: readonly string[], json: boolean): Promise<Outcome> {
  const at = words.findIndex((word) => !word.startsWith("-"));
  const before = at === -1 ? words : words.slice(0, at);
  const unknown = before.find((word) => !["--json", "--help", "--version"].includes(word));
  if (unknown !== undefined) throw new UsageError(`There is no option ${unknown} before a command.`);
  if (before.includes("--version")) return { data: { version: version() }, text: version() };
  const name = words[at];
  const help = before.includes("--help") || name === "help";
  if (name === undefined || (name === "help" && words[at + 1] === undefined)) {
    if (!help) throw new UsageError("No command was given; `tallystick --help` lists them.");
    return { data: { usage: generalHelp() }, text: generalHelp() };
  }
  const [first = "", second] = name === "help" ? words.slice(at + 1) : words.slice(at);
  const command = findCommand(first, second);
  // A name of two words is a command of a group, such as `endpoints add`.
  const rest = words.slice(at + command.name.split(" ").length);
  if (help || rest.includes("--help")) return { data: { usage: commandHelp(command) }, text: commandHelp(command) };
  return execute(command, rest, json);
}

function findCommand(first: string, second: string | undefined): AnyCommand {
  const command = commands.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) return command;
  const group = commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
  throw new UsageError(
    group.length > 0
      ? `\`${first}\` is followed by one of ${group.join(", ")}.`
      : `There is no command ${first}; \`tallystick --help\` lists them.`,
  );
}

async function execute(command: AnyCommand, words: readonly string[], json: boolean): Promise<Outcome> {
  const given = readArguments({ ...command, options: { ...command.options, ...general } }, words);
  if ("diagnose" in command) return command.diagnose();
  if ("run" in command) {
    let failed = false;
    await command.run(given, (outcome) => {
      failed ||= outcome.failed === true;
      printOutcome(outcome, json);
    });
    return { data: null, text: "", written: true, failed };
  }
  const work = command.prepare(given);
  // Loaded now: help and usage errors need neither the engine nor a driver, and come at once.
  const { withTally } = await import("./with-tally.ts");
  return withTally(work);
}

function describe(error: unknown): { status: number; body: { error: { code: string; message: string } } } {
  if (error instanceof UsageError) return { status: 2, body: { error: { code: "usage", message: error.message } } };
  if (isTallystickError(error)) return { status: error.code === "invalid_request" ? 2 : 1, body: errorBody(error) };
  const message = redact(error instanceof Error ? error.message : String(error));
  return { status: 1, body: { error: { code: "internal", message } } };
}

function printOutcome({ data, text, written }: Outcome, json: boolean): void {
  if (written !== true) print(json ? JSON.stringify(data, null, 2) : text);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
