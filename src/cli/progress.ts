// Progress of long work on standard error, so that standard output stays the result's alone: on a terminal one line that
// is written over, elsewhere a line now and then.
import type { Progress } from "../credits/batches.ts";
import { count } from "./table.ts";

interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;

export interface ProgressLine {
  readonly onProgress: (progress: Progress) => void;
  /** Wipes the terminal's line. */
  readonly end: () => void;
}

/** Tells how far work has come, in the words "12,000 lots done, 8,000 left". */
export function progressLine(noun: string, output: Output = process.stderr): ProgressLine {
  const terminal = output.isTTY === true;
  let toldMs = terminal ? Number.NEGATIVE_INFINITY : 0;
  let told = false;
  return {
    onProgress: ({ done, remaining, elapsedMs }) => {
      if (elapsedMs - toldMs < (terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS)) return;
      toldMs = elapsedMs;
      told = true;
      const text = `${count(done, noun)} done, ${remaining} left, ${(elapsedMs / 1000).toFixed(1)} s`;
      output.write(terminal ? `\r\u001B[K${text}` : `${text}\n`);
    },
    end: () => {
      if (terminal && told) output.write("\r\u001B[K");
    },
  };
}
