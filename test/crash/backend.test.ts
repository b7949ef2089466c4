// The Postgres backend killed before and after every write inside every operation: nothing of it stays, the caller is
// told so, and the same call made again takes effect once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";
import { perform } from "../concurrency/race/operations.ts";
import { closeAudited, openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";
import { crashCases, crashSweeps, inspect, setScene, type Scene } from "./crash-site.ts";
import { untilGone, victimUrl } from "./steps.ts";

async function killAtEveryStep(
  ledger: Ledger,
  scene: Scene,
  operation: (typeof crashCases)[number],
): Promise<readonly string[]> {
  const site = await inspect(scene, operation);
  const names: string[] = [];
  for (let step = 1; ; step += 1) {
    const subject = await site.subject();
    const victim = `victim-${subject.copy}`;
    const own = connect(victimUrl(ledger.url, victim, step), { poolSize: 1 });
    const called = perform(operation.name, { database: own, credits: createCredits(own, plans) }, subject);
    const stop = await site.gate.stopped(victim, called);
    if (stop === undefined) {
      await called;
      await own.close();
      expect(await site.picture(subject)).toBe(site.after);
      return names;
    }
    names.push(stop.name);
    await ledger.database.query("select pg_terminate_backend($1)", [stop.pid]);
    await expect(called).rejects.toMatchObject({ code: "storage_unavailable" });
    await own.close();
    await untilGone(ledger.database, victim);
    expect([stop.name, await site.picture(subject)]).toEqual([stop.name, site.before]);
    expect([stop.name, await site.call(subject)]).toEqual([stop.name, site.answer]);
    expect([stop.name, await site.picture(subject)]).toEqual([stop.name, site.after]);
  }
}

describe("a backend killed at any step", () => {
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

  it.each(crashCases)(
    "of $name ($state) leaves what was before, and the call repeated does all of it once",
    async (operation) => {
      const names = await killAtEveryStep(ledger, scene, operation);
      // Before and after one write at the least; these are the steps.
      expect(names.length).toBeGreaterThanOrEqual(2);
      expect(names.length % 2).toBe(0);
    },
  );
});

describe("a backend killed at any step of a sweep", () => {
  it.each(crashSweeps)("$name leaves what was before, and the next sweep does all of it once", async (operation) => {
    const ledger = await openLedger();
    const scene = await setScene(ledger.url, ledger.database, ledger.credits);
    const names = await killAtEveryStep(ledger, scene, operation);
    expect(names.length).toBeGreaterThanOrEqual(4);
    await scene.gate[Symbol.asyncDispose]();
    await closeAudited(ledger);
  });
});
