// The process killed while its calls stand before and after every write inside every operation. A server that notices
// takes the call back; one that does not ends it. Either is before or after, and the call repeated takes effect once.
import { fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Subject } from "../concurrency/race/operations.ts";
import { closeAudited, openLedger, type Ledger } from "../properties/ledger-fixture.ts";
import { crashCases, inspect, setScene, type Scene } from "./crash-site.ts";
import { untilGone, victimUrl } from "./steps.ts";
import type { VictimCall } from "./victim.ts";

interface Killed {
  readonly subject: Subject;
  readonly victim: string;
  readonly step: string;
}

describe("a process killed at any step", () => {
  let ledger: Ledger;
  let scene: Scene;
  beforeAll(async () => {
    ledger = await openLedger();
    scene = await setScene(ledger.url, ledger.database, ledger.credits);
  });
  afterAll(async () => {
    await scene.gate[Symbol.asyncDispose]();
    await closeAudited(ledger);
  });

  it.each(crashCases)("of $name ($state) leaves before or after, never between", async (operation) => {
    const site = await inspect(scene, operation);
    const child = fork(new URL("victim.ts", import.meta.url), {
      execArgv: ["--experimental-strip-types", "--no-warnings"],
    });
    const ended = new Map<string, () => void>();
    child.on("message", (victim: string) => ended.get(victim)?.());
    const noticing: Killed[] = [];
    const unaware: Killed[] = [];
    for (let step = 1; ; step += 1) {
      const subject = await site.subject();
      const victim = `victim-${subject.copy}`;
      // Every other server looks whether its client lives while it waits.
      const notices = step % 2 === 0;
      const url = victimUrl(ledger.url, victim, step, notices ? "-c client_connection_check_interval=10" : "");
      const end = new Promise<void>((resolve) => ended.set(victim, resolve));
      child.send({ victim, url, name: operation.name, subject } satisfies VictimCall);
      const stop = await site.gate.stopped(victim, end);
      if (stop === undefined) break;
      (notices ? noticing : unaware).push({ subject, victim, step: stop.name });
    }
    child.kill("SIGKILL");
    await once(child, "exit");

    for (const { subject, victim, step } of noticing) {
      await untilGone(ledger.database, victim);
      expect([step, await site.picture(subject)]).toEqual([step, site.before]);
    }
    await site.gate.open();
    for (const { subject, victim } of unaware) {
      await untilGone(ledger.database, victim);
      expect([site.before, site.after]).toContain(await site.picture(subject));
    }
    await site.gate.close();
    expect(noticing.length).toBeGreaterThanOrEqual(1);
    for (const { subject, step } of [...noticing, ...unaware]) {
      const done = (await site.picture(subject)) === site.after;
      const answer = await site.call(subject);
      // Without a key the repeated call finds the work done and says so.
      if (!done || operation.keys === "own") expect([step, answer]).toEqual([step, site.answer]);
      expect([step, await site.picture(subject)]).toEqual([step, site.after]);
    }
  });
});
