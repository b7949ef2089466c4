// The parts of a delivery that need no database: schedule, body, signature.
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { MAX_PAYLOAD_BYTES, payloadOf } from "./payload.ts";
import { deliveryDelayMs, MAX_ATTEMPTS } from "./schedule.ts";
import { createSecret, sign } from "./secret.ts";

describe("the schedule", () => {
  it("is that of Standard Webhooks, each wait a tenth longer or shorter at the most", () => {
    const seconds = (random: number): number[] =>
      Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => deliveryDelayMs(index + 1, () => random) / 1000);
    const hour = 3600;
    const proposed = [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];
    expect(seconds(0.5)).toEqual(proposed);
    expect(seconds(0)).toEqual(proposed.map((delay) => (delay * 9) / 10));
    expect(seconds(1)).toEqual(proposed.map((delay) => (delay * 11) / 10));
  });
});

describe("the body", () => {
  const timestamp = new Date("2026-01-02T03:04:05.678Z");

  it("has type, timestamp and data", () => {
    const body = payloadOf({ type: "payment.received", timestamp, data: { userId: "ann", amount: 5 } });
    expect(JSON.parse(body)).toEqual({
      type: "payment.received",
      timestamp: "2026-01-02T03:04:05.678Z",
      data: { userId: "ann", amount: 5 },
    });
  });

  it.each([
    ["a long text", { error: "x".repeat(100_000), id: 7 }],
    ["a long list", { findings: Array.from({ length: 5000 }, (_, n) => ({ n, detail: "名".repeat(50) })), id: 7 }],
    ["long texts in a long list", { findings: Array.from({ length: 500 }, () => ["é".repeat(5000)]), id: 7 }],
  ])("stays under 20 KB with %s, and says that it was cut", (_what, data) => {
    const body = payloadOf({ type: "audit.failed", timestamp, data });
    expect(Buffer.byteLength(body)).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(JSON.parse(body)).toMatchObject({ type: "audit.failed", data: { id: 7, truncated: true } });
  });
});

describe("the signature", async () => {
  it("verifies with the official library under each secret, and under no other", async () => {
    const secrets = [createSecret(), createSecret()];
    const body = '{"type":"x"}';
    const now = new Date();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": await sign(secrets, "msg_1", now, body),
    };
    for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual({ type: "x" });
    expect(() => new Webhook(createSecret()).verify(body, headers)).toThrow("No matching signature found");
    expect(() => new Webhook(secrets[0] ?? "").verify(`${body} `, headers)).toThrow("No matching signature found");
  });
});
