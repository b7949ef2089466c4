// What counts as Stripe's signature on the webhook, and what only looks like one.
import { beforeAll, describe, expect, it } from "vitest";
import type { Tallystick } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { createTestEngine, eventBody, signatureOf } from "../support/engine.ts";
import { everyRow } from "./doors.ts";

const [current, old, gone] = ["whsec_current", "whsec_old", "whsec_gone"];
const body = eventBody({ type: "invoice.created", object: { id: "in_1", object: "invoice" } });
const now = Math.floor(Date.now() / 1000);
const zeros = "0".repeat(64);

let tally: Tallystick;
let databaseUrl: string;

beforeAll(async () => {
  // While a secret is rotated both sign.
  ({ tally, databaseUrl } = await createTestEngine({ payment: stripe({ webhookSecrets: [current, old] }) }));
  return async () => tally.close();
});

async function statusOf(signature: string, sent = body): Promise<number> {
  const headers = { "stripe-signature": signature };
  return (await tally.handlers.webhook(new Request("http://localhost/", { method: "POST", body: sent, headers })))
    .status;
}

/** The parts of a true signature. */
async function partsOf(secret: string, timestamp = now, of = body): Promise<{ t: string; v1: string }> {
  const [t = "", v1 = ""] = (await signatureOf(of, secret, timestamp))
    .split(",")
    .map((part) => part.split("=")[1] ?? "");
  return { t, v1 };
}

describe("a signature", () => {
  it.each<[string, () => Promise<string>]>([
    ["of a secret that is no longer configured", async () => signatureOf(body, gone)],
    ["made more than 5 minutes ago", async () => signatureOf(body, current, now - 320)],
    ["made more than 5 minutes ahead", async () => signatureOf(body, current, now + 320)],
    [
      "under a fresh timestamp that it was not made for",
      async () => `t=${now},v1=${(await partsOf(current, now - 900)).v1}`,
    ],
    [
      "with a fresh timestamp behind its own",
      async () => {
        const { t, v1 } = await partsOf(current, now - 900);
        return `t=${t},v1=${v1},t=${now}`;
      },
    ],
    ["without a timestamp", async () => `v1=${(await partsOf(current)).v1}`],
    ["with a timestamp that is no number", async () => `t=now,v1=${(await partsOf(current)).v1}`],
    ["of another scheme", async () => `t=${now},v0=${(await partsOf(current)).v1}`],
    ["with several v1 of which none is true", async () => `t=${now},v1=${zeros},v1=${(await partsOf(gone)).v1}`],
    ["cut by a letter", async () => `t=${now},v1=${(await partsOf(current)).v1.slice(0, -1)}`],
    ["with a letter more", async () => `t=${now},v1=${(await partsOf(current)).v1}0`],
    ["of another body", async () => signatureOf(`${body} `, current)],
    ["of the empty body", async () => signatureOf("", current)],
    ["of ten thousand parts", async () => `t=${now},${`v1=${zeros},`.repeat(10_000)}`],
  ])("%s is refused, and nothing is stored", async (_, signature) => {
    const before = await everyRow(databaseUrl);
    expect(await statusOf(await signature())).toBe(400);
    expect(await everyRow(databaseUrl)).toEqual(before);
  });

  it("is taken of each secret while they are rotated, also beside others that are not true", async () => {
    for (const secret of [current, old]) {
      const { v1 } = await partsOf(secret);
      expect(await statusOf(await signatureOf(body, secret))).toBe(200);
      expect(await statusOf(`t=${now},v1=${zeros},v1=${v1},v0=${zeros}`)).toBe(200);
    }
    expect(await statusOf(await signatureOf(body, current, now - 280))).toBe(200);
  });

  it("that is true, under a new time, makes nothing of an event that was told before", async () => {
    expect(await statusOf(await signatureOf(body, current))).toBe(200);
    await tally.drain();
    const before = await everyRow(databaseUrl);
    for (const ago of [0, 60, 240]) expect(await statusOf(await signatureOf(body, current, now - ago))).toBe(200);
    await tally.drain();
    expect(await everyRow(databaseUrl)).toEqual(before);
  });
});
