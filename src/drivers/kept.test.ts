import { expect, it } from "vitest";
import { kept } from "./kept.ts";

it("makes it once for calls beside each other and after", async () => {
  let makes = 0;
  const { get } = kept(async () => (makes += 1));
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  expect(await get()).toBe(1);
});

it("tells all that wait of a failure, and makes it anew at the next call", async () => {
  let makes = 0;
  const { get } = kept(async () => {
    makes += 1;
    if (makes === 1) throw new Error("not there yet");
    return makes;
  });
  const both = await Promise.allSettled([get(), get()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await get()).toBe(2);
  expect(await get()).toBe(2);
});

it("forgets what is dropped", async () => {
  let makes = 0;
  const { get, drop } = kept(async () => (makes += 1));
  expect(drop()).toBeUndefined();
  await get();
  expect(await drop()).toBe(1);
  expect(await get()).toBe(2);
});
