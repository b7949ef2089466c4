// A line of JSON for each message, to standard error: standard output is the command's answers.
import type { Logger } from "tallystick";

const line =
  (level: string) =>
  (fields: Record<string, unknown>, message: string): void => {
    process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };

export const logger: Logger = { debug: () => undefined, info: line("info"), warn: line("warn"), error: line("error") };
