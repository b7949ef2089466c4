// A backend killed as the kernel kills one (SIGKILL): the whole server restarts and recovers from its log. What was told
// to anyone is there, what stood between two writes is not, and the call repeated takes effect once.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
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

async function takesSessions(url: string): Promise<boolean> {
  const client = new pg.Client(url);
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

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
    const witness = new pg.Client(url);
    await witness.connect();
    const crashed = new Promise<void>((resolve) => witness.once("error", () => resolve()));
    const gateEnds = Promise.resolve(site.gate[Symbol.asyncDispose]());
    process.kill(stop?.pid ?? 0, "SIGKILL");
    // From when one session has been ended on, no new one is taken before the server has recovered.
    await crashed;
    await expect(called).rejects.toMatchObject({ code: "storage_unavailable" });
    await Promise.allSettled([gateEnds, own.close()]);

    while (!(await takesSessions(url)));
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
