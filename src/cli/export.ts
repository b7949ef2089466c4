// tallystick export
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportFormats } from "../credits/insight/export.ts";
import { readChoice, UsageError } from "./arguments.ts";
import type { Command, Outcome } from "./command.ts";
import { unitOption } from "./command.ts";
import { filterOptions, readFilter } from "./journal-options.ts";

export const exportCommand: Command = {
  name: "export",
  summary: "Write the journal as CSV or JSON Lines: the whole ledger's, or one user's.",
  parameters: [],
  options: {
    format: { type: "string", value: "FORMAT", help: `${exportFormats.join(" or ")}; default csv.` },
    output: {
      type: "string",
      value: "FILE",
      help: "Where to; default standard output. A file appears when it is whole.",
    },
    user: { type: "string", value: "USER", help: "One user's account; default the whole ledger." },
    ...filterOptions,
    ...unitOption,
  },
  prepare(given) {
    const filter = readFilter(given);
    const format = readChoice("format", given.option("format"), exportFormats) ?? "csv";
    const file = given.option("output");
    if (given.flag("json") && file === undefined) throw new UsageError("With --json, export needs --output FILE.");
    return async ({ tally }) => {
      const input = { ...filter, format, userId: given.option("user"), unit: given.option("unit") };
      const stream = Readable.from(await tally.credits.export(input));
      return file === undefined ? toStandardOutput(stream) : toFile(stream, file, format);
    };
  },
};

async function toStandardOutput(stream: Readable): Promise<Outcome> {
  try {
    await pipeline(stream, process.stdout, { end: false });
  } catch (error) {
    // The reader had enough, as in `tallystick export | head`.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  return { data: null, text: "", written: true };
}

async function toFile(stream: Readable, file: string, format: string): Promise<Outcome> {
  const partial = `${file}.partial`;
  const target = createWriteStream(partial);
  try {
    await pipeline(stream, target);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { data: { file, format, bytes: target.bytesWritten }, text: `Wrote ${target.bytesWritten} bytes to ${file}.` };
}
