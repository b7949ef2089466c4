// The plain-Node example while its database is away: a Postgres of its own, stopped and started.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { checkoutSession, eventBody } from "../support/engine.ts";
import { commands, start, startUntil } from "./node-commands.ts";
import { environmentFor, lookAt, postWebhook, startServer, type ExampleServer } from "./node-example.ts";

async function probes(server: ExampleServer): Promise<[number, number]> {
  const [readiness, liveness] = await Promise.all([server.fetch("/readyz"), server.fetch("/livez")]);
  return [readiness.status, liveness.status];
}

it("a database that is away takes readiness and not liveness, fails no process, and its return brings all back", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-outage-"));
  onTestFinished(async () => rm(directory, { recursive: true, force: true }));
  const before = await startEmbeddedPostgres({ directory });
  const environment = await environmentFor(before.connectionString);
  expect(await start(commands.migrate, environment).ended).toBe(0);
  const server = await startServer(environment);
  const worker = await startUntil("working", commands.worker, environment);
  const healthcheck = async (): Promise<number | string> => start(commands.healthcheck, environment).ended;
  expect(await probes(server)).toEqual([200, 200]);

  await before.stop();
  expect(await probes(server)).toEqual([503, 200]);
  expect(await healthcheck()).toBe(0);
  const body = eventBody({
    type: "checkout.session.completed",
    object: checkoutSession({ userId: "ada", priceId: "price_credits_basic" }),
  });
  // Stripe is told to send it again.
  expect((await postWebhook(server, body)).status).toBe(503);
  // A worker says so and tries again.
  await expect.poll(() => worker.output(), { timeout: 20_000 }).toContain("the worker could not work");

  const after = await startEmbeddedPostgres({ directory });
  onTestFinished(async () => after.stop());
  expect(after.connectionString).toBe(before.connectionString);
  const { tally } = lookAt(after.connectionString);
  await expect.poll(async () => probes(server), { timeout: 20_000 }).toEqual([200, 200]);
  expect((await postWebhook(server, body)).status).toBe(200);
  await expect
    .poll(async () => (await tally.credits.balance({ userId: "ada" })).balance, { timeout: 20_000 })
    .toBe(100);

  for (const { child } of [server, worker]) child.kill("SIGTERM");
  expect(await Promise.all([server.ended, worker.ended])).toEqual([0, 0]);
  expect(await healthcheck()).toBe(1);
});
