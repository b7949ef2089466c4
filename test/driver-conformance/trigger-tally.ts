// In the place of the example's instance: the engine that the suite hosts, the last one that was given.
import type { Tallystick } from "../../src/index.ts";

let hosted: Tallystick | undefined;

export function hostTally(next: Tallystick): void {
  hosted = next;
}

export const tally = new Proxy({} as Tallystick, {
  get: (_nothing, name) => Reflect.get(hosted ?? {}, name) as unknown,
});
