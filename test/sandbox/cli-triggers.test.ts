// The official Stripe CLI drives the sandbox with its own trigger scripts: every event that has an effect here arrives at
// an endpoint, signed so that the official SDK verifies it. Events without a script of the CLI's are made by its engine
// for scripts (`stripe trigger --raw`) from scripts of our own.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { createTestDatabase } from "../support/database.ts";
import { SANDBOX_KEY } from "../support/sandbox.ts";
import { serve, type TestServer } from "../flows/server.ts";
import { scripts } from "./trigger-scripts.ts";

const wrapper = createRequire(import.meta.url).resolve("@stripe/cli/bin/shim.js");

const official = [
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "invoice.paid",
  "invoice.payment_failed",
  "invoice.payment_action_required",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.trial_will_end",
  "charge.refund.updated",
  "charge.refunded",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
];

let sandbox: Sandbox;
let endpoint: TestServer;
let url: string;
let home: string;
let secret: string;
const verified: string[] = [];

beforeAll(async () => {
  sandbox = createSandbox({ database: await createTestDatabase() });
  ({ url } = await sandbox.start());
  endpoint = await serve(async (request) => {
    const header = request.headers.get("stripe-signature") ?? "";
    const event = await Stripe.webhooks.constructEventAsync(await request.text(), header, secret);
    verified.push(event.type);
    return new Response(null, { status: 200 });
  });
  ({ secret } = await sandbox.endpoint(`${endpoint.origin}/hook`));
  home = await mkdtemp(path.join(tmpdir(), "stripe-cli-"));
});

afterAll(async () => {
  await sandbox.stop();
  await endpoint[Symbol.asyncDispose]();
});

async function trigger(...words: readonly string[]): Promise<{ readonly status: number; readonly output: string }> {
  const args = [wrapper, "trigger", ...words, "--api-base", url, "--api-key", SANDBOX_KEY];
  const env = { PATH: process.env["PATH"], HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: "1" };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

describe("the scripts", () => {
  it("are for every event that has an effect", () => {
    const file = path.resolve(import.meta.dirname, "../../src/payment/provider/stripe/facts.ts");
    const handled = [...readFileSync(file, "utf8").matchAll(/^ {2}\["([\w.]+)", \w+\],$/gm)].map(([, type]) =>
      String(type),
    );
    expect([...official, ...Object.keys(scripts)].toSorted()).toEqual(handled.toSorted());
  });
});

describe("the Stripe CLI's own script", () => {
  it.each(official)("makes %s, which arrives and verifies", async (type) => {
    verified.length = 0;
    expect(await trigger(type)).toMatchObject({ status: 0 });
    await sandbox.settled();
    expect(verified).toContain(type);
  });
});

describe("a script of ours, run by the Stripe CLI,", () => {
  it.each(Object.entries(scripts))("makes %s, which arrives and verifies", async (type, script) => {
    verified.length = 0;
    expect(await trigger(type, "--raw", JSON.stringify(script))).toMatchObject({ status: 0 });
    await sandbox.settled();
    expect(verified).toContain(type);
  });
});
