import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { resend, type ResendOptions, sendResendNotification } from "./resend.ts";

const never = new AbortController().signal;
const apiKey = "re_secret_key_1";
const success = { body: '{"id":"49a3999c"}' };

const message: Message = {
  id: "payment.received:in_1",
  kind: "payment.received",
  severity: "warning",
  title: "Payment\r\nBcc: eve@example.com",
  text: "<script>alert(1)</script>\nsecond & last",
  fields: [{ name: "User", value: 'user_1 "<i>"' }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, options: Partial<ResendOptions> = {}, given: Message = message) {
  await using receiver = await startReceiver(reply);
  const channel = resend({
    apiKey,
    from: "Tally, Inc <tally@example.com>",
    to: ["ops@example.com", "Ada <ada@example.com>"],
    apiBase: receiver.origin,
    allowPrivateHosts: true,
    ...options,
  });
  const outcome = await channel.send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("resend", () => {
  it("posts a mail with a plain and an escaped HTML text, one line of subject, and the key in the header", async () => {
    const { outcome, received, json } = await send(success);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received).toMatchObject([
      {
        method: "POST",
        path: "/emails",
        headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": expect.stringMatching(/^[0-9a-f]{32}$/) },
      },
    ]);
    expect(json).toEqual({
      from: '"Tally, Inc" <tally@example.com>',
      to: ["ops@example.com", '"Ada" <ada@example.com>'],
      subject: "[Warning] Payment Bcc: eve@example.com",
      text: [
        "Payment Bcc: eve@example.com",
        "<script>alert(1)</script>\nsecond & last",
        'User: user_1 "<i>"',
        "-- \npayment.received · 2026-01-02T03:04:05.678Z · payment.received:in_1",
      ].join("\n\n"),
      html: expect.stringContaining("<p>&lt;script&gt;alert(1)&lt;/script&gt;<br>\nsecond &amp; last</p>"),
      headers: { "Auto-Submitted": "auto-generated" },
    });
    expect(json.html).toContain("user_1 &quot;&lt;i&gt;&quot;");
  });

  it("repeats a message under the same idempotency key, and sends another one, or elsewhere, under another", async () => {
    const keys: unknown[] = [];
    for (const [options, given] of [
      [{}, message],
      [{}, message],
      [{}, { ...message, id: "payment.received:in_2" }],
      [{ name: "finance" }, message],
      [{ to: "ada@example.com" }, message],
    ] as const) {
      const { received } = await send(success, options, given);
      keys.push(received[0]?.headers["idempotency-key"]);
    }
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(4);
  });

  it.each([
    [400, "validation_error", "rejected"],
    [401, "missing_api_key", "rejected"],
    [403, "invalid_api_key", "rejected"],
    [409, "invalid_idempotent_request", "rejected"],
    [409, "concurrent_idempotent_requests", "failed"],
    [422, "missing_required_field", "rejected"],
    [429, "rate_limit_exceeded", "rate_limited"],
    [429, "daily_quota_exceeded", "rate_limited"],
    [500, "application_error", "failed"],
    [302, "", "failed"],
  ])("takes HTTP %i %s as %s, and tells no key", async (status, name, expected) => {
    const { outcome } = await send({ status, body: JSON.stringify({ name, message: `key ${apiKey}` }) });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(`HTTP ${status}`) });
    expect(JSON.stringify(outcome)).not.toContain("secret");
  });

  it("pauses as long as Resend asks, and an hour when a quota is used up", async () => {
    const headers = { "retry-after": "2" };
    const limited = await send({ status: 429, headers, body: '{"name":"rate_limit_exceeded"}' });
    expect(limited.outcome).toMatchObject({ retryAfterMs: 2000 });
    const used = await send({ status: 429, headers, body: '{"name":"monthly_quota_exceeded"}' });
    expect(used.outcome).toMatchObject({ retryAfterMs: 3_600_000 });
  });

  it("ends at the signal when Resend hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const options = {
      apiKey,
      from: "a@b.example",
      to: "c@d.example",
      apiBase: receiver.origin,
      allowPrivateHosts: true,
    };
    const sending = resend(options).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it("cuts a huge message instead of failing on it", async () => {
    const fields = Array.from({ length: 100 }, () => ({ name: "n".repeat(9000), value: "<".repeat(9000) }));
    const { json } = await send(
      success,
      {},
      { ...message, title: "t".repeat(9000), text: "é".repeat(900_000), fields },
    );
    expect(json.subject.length).toBeLessThanOrEqual(170);
    expect(JSON.stringify(json).length).toBeLessThan(1_000_000);
  });

  it("sends to Resend's own host only, and takes no key that would break the header", () => {
    const mail = { from: "a@b.example", to: "c@d.example" };
    expect(() => resend({ ...mail, apiKey, apiBase: "https://evil.test" })).toThrow(/leads to https:\/\/evil\.test/);
    for (const wrong of ["", "re_a\r\nx: y_secret", "re_ secret", "é".repeat(9)]) {
      const make = (): unknown => resend({ ...mail, apiKey: wrong });
      expect(make).toThrow(/API key is not of the form/);
      expect(make).not.toThrow(/secret/);
    }
    expect(() => resend({ apiKey, from: "a@b.example\nBcc: x@y.example", to: "c@d.example" })).toThrow(/option from/);
  });
});

describe("sendResendNotification", () => {
  it("sends at once", async () => {
    await using receiver = await startReceiver(success);
    const options = {
      apiKey,
      from: "a@b.example",
      to: "c@d.example",
      apiBase: receiver.origin,
      allowPrivateHosts: true,
    };
    expect(await sendResendNotification(options, { title: "Hello", text: "World" })).toEqual({ outcome: "sent" });
  });
});
