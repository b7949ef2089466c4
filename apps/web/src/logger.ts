// What the server writes of itself: a line of JSON for each message, without those for debugging.
import type { Logger } from "tallystick";

const line =
  (write: (text: string) => void) =>
  (fields: Record<string, unknown>, message: string): void =>
    write(JSON.stringify({ message, ...fields }));

export const logger: Logger = {
  debug: () => undefined,
  info: line(console.info),
  warn: line(console.warn),
  error: line(console.error),
};
