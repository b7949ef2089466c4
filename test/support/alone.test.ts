// Builds go one after the other, also when the process that built died.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { alone } from "../../scripts/start/alone.ts";

const file = (): string => path.join(mkdtempSync(path.join(tmpdir(), "tallystick-alone-")), "building");
const { signal } = new AbortController();

it("does one work after the other under one file, also when one fails", async () => {
  const turn = file();
  let running = 0;
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    running += 1;
    seen.push(running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (seen.length === 1) throw new Error("the first fails");
  };
  const results = await Promise.allSettled([1, 2, 3].map(async () => alone(turn, signal, work)));
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(seen).toEqual([1, 1, 1]);
  expect(existsSync(turn)).toBe(false);
});

it("takes the turn of a process that died", async () => {
  const turn = file();
  writeFileSync(turn, String(spawnSync(process.execPath, ["-e", ""]).pid));
  await alone(turn, signal, async () => undefined);
  expect(existsSync(turn)).toBe(false);
});

it("stops waiting for its turn when it is told to", async () => {
  const turn = file();
  writeFileSync(turn, String(process.pid));
  await expect(alone(turn, AbortSignal.timeout(50), async () => undefined)).rejects.toThrow("aborted");
});
