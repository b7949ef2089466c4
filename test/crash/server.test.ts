// A backend killed as the kernel kills one (SIGKILL): the whole server restarts and recovers from its log. What was told
// to anyone is there, what stood between two writes is not, and the call repeated takes effect once.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { createCredits } from "../../src/credits/index.ts";
import { creditFunctions } from "../../src/credits/functions.generated.ts";
import { connect } from "../../src/db/database.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { perform } from "../concurrency/race/operations.ts";
import { plans } from "../properties/ledger-fixture.ts";
import { inspect, setScene } from "./crash-site.ts";
import { victimUrl } from "./steps.ts";

it("a server that dies between the writes of a merge recovers to before it, with every answered call in place", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-crash-"));
  const server = await startEmbeddedPostgres({ directory });
  try {
    const url = server.connectionString;
    const database = connect(url);
    await migrate(database, creditFunctions);
    const credits = createCredits(database, plans);
    const scene = await setScene(url, database, credits);
    const site = await inspect(scene, { name: "mergeInto", state: "short", keys: "none" });
    const subject = await site.subject();

    // In the middle of the merge: entries and draws are written, the lots that move are not.
    const own = connect(victimUrl(url, "victim", 8), { poolSize: 1 });
    const called = perform("mergeInto", { database: own, credits: createCredits(own, plans) }, subject);
    const stop = await site.gate.stopped("victim", called);
    expect(stop?.name).toMatch(/^8\. /);
    const answered = await credits.grant({ userId: "ann", amount: 5, type: "adjustment", idempotencyKey: "told" });
    const gateEnds = Promise.resolve(site.gate[Symbol.asyncDispose]());
    process.kill(stop?.pid ?? 0, "SIGKILL");
    await expect(called).rejects.toMatchObject({ code: "storage_unavailable" });
    await Promise.allSettled([gateEnds, own.close()]);

    const recovered = async (): Promise<void> => {
      for (;;) {
        const up = await database.query("select 1").then(
          () => true,
          () => false,
        );
        if (up) return;
      }
    };
    await recovered();
    expect(await site.picture(subject)).toBe(site.before);
    expect(await credits.grant({ userId: "ann", amount: 5, type: "adjustment", idempotencyKey: "told" })).toEqual({
      ...answered,
      replayed: true,
    });
    expect(await site.call(subject)).toEqual(site.answer);
    expect(await site.picture(subject)).toBe(site.after);
    expect(await credits.audit()).toMatchObject({ ok: true });
    await database.close();
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}, 120_000);
