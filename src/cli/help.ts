// The help texts, made from the commands' own words.
import { readFileSync } from "node:fs";
import type { CommandOption } from "./arguments.ts";
import type { AnyCommand } from "./command.ts";
import { commands } from "./commands.ts";
import { pairs } from "./table.ts";

type Words = Pick<AnyCommand, "name" | "summary" | "parameters" | "options">;

const always: readonly (readonly [string, string])[] = [
  ["--json", "Print one JSON document and nothing else."],
  ["-h, --help", "Print help."],
];

export function generalHelp(): string {
  return [
    "Usage: tallystick COMMAND [ARGUMENTS] [OPTIONS]",
    "",
    "The credit ledger and payment-event engine, from the command line.",
    "",
    indent(pairs(commands.map(({ name, parameters, summary }) => [[name, ...parameters].join(" "), summary]))),
    "",
    "Options of every command:",
    indent(pairs([...always, ["--version", "Print the version."]])),
    "",
    "The database is DATABASE_URL, else the .tallystick Postgres of this directory or one above it. The catalog comes",
    "from tallystick.config.mjs, .js or .ts in this directory.",
    "Exit status: 0; 1 when something failed or was found to be wrong; 2 when the command line or its input is not valid.",
  ].join("\n");
}

export function commandHelp({ name, summary, parameters, options }: Words): string {
  const own = Object.entries(options).map(([option, words]) => [optionName(option, words), words.help] as const);
  return [
    `Usage: tallystick ${[name, ...parameters].join(" ")} [OPTIONS]`,
    "",
    summary,
    "",
    "Options:",
    indent(pairs([...own, ...always])),
  ].join("\n");
}

function optionName(name: string, { value }: CommandOption): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

export function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version: number } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return number;
}
