// How long a serverless instance is kept awake for what its pool leaves idle.
import { EventEmitter } from "node:events";
import type pg from "pg";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { stayAwakeUntilIdle } from "../src/database/awake.ts";

const platform = Symbol.for("@next/request-context");
let pool: EventEmitter;
let waits: { ended: boolean }[];

function inRequest(isIn: boolean): void {
  const waitUntil = (work: Promise<unknown>): void => {
    const wait = { ended: false };
    waits.push(wait);
    void work.then(() => (wait.ended = true));
  };
  Reflect.set(globalThis, platform, { get: () => (isIn ? { waitUntil } : undefined) });
}

beforeEach(() => {
  vi.useFakeTimers();
  waits = [];
  pool = new EventEmitter();
  stayAwakeUntilIdle(pool as unknown as pg.Pool, 2_000);
});
afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(globalThis, platform);
});

it("an instance is awake until its connection has been idle for its time", async () => {
  inRequest(true);
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(waits).toEqual([{ ended: false }]);
  await vi.advanceTimersByTimeAsync(200);
  expect(waits).toEqual([{ ended: true }]);
});

it("each request's wait takes over from the one before", async () => {
  inRequest(true);
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(1_500);
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(1_500);
  expect(waits).toEqual([{ ended: true }, { ended: false }]);
  await vi.advanceTimersByTimeAsync(700);
  expect(waits).toEqual([{ ended: true }, { ended: true }]);
});

it("a connection that is used outside of a request prolongs the wait that stands", async () => {
  inRequest(true);
  pool.emit("release");
  inRequest(false);
  await vi.advanceTimersByTimeAsync(1_500);
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(1_500);
  expect(waits).toEqual([{ ended: false }]);
  await vi.advanceTimersByTimeAsync(700);
  expect(waits).toEqual([{ ended: true }]);
});
