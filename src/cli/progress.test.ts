import { describe, expect, it } from "vitest";
import { progressLine } from "./progress.ts";

function record(isTTY: boolean): { isTTY: boolean; write: (text: string) => void; written: string[] } {
  const written: string[] = [];
  return { isTTY, written, write: (text) => written.push(text) };
}
const at = (elapsedMs: number) => ({ done: 2000, credits: 0, remaining: 500, elapsedMs });

describe("progressLine", () => {
  it("writes over one line of a terminal, not more than ten times a second, and wipes it at the end", () => {
    const output = record(true);
    const line = progressLine("lot", output);
    for (const elapsedMs of [10, 50, 120]) line.onProgress(at(elapsedMs));
    line.end();
    expect(output.written).toEqual([
      "\r\u001B[K2000 lots done, 500 left, 0.0 s",
      "\r\u001B[K2000 lots done, 500 left, 0.1 s",
      "\r\u001B[K",
    ]);
  });

  it("writes a line now and then where there is no terminal, and none for short work", () => {
    const output = record(false);
    const line = progressLine("grant", output);
    for (const elapsedMs of [10, 4000]) line.onProgress(at(elapsedMs));
    expect(output.written).toEqual([]);
    line.onProgress(at(6000));
    line.end();
    expect(output.written).toEqual(["2000 grants done, 500 left, 6.0 s\n"]);
  });
});
