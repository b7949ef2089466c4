import { Webhook } from "standardwebhooks";
import { describe, expect, it, vi } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { sendWebhookNotification, webhook, type WebhookOptions } from "./webhook.ts";

const never = new AbortController().signal;
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

const message: Message = {
  id: "payment.received:in_1",
  kind: "payment.received",
  severity: "info",
  title: "Payment received",
  text: "Ada paid 10.00 USD",
  fields: [{ name: "User", value: "user_1" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, options: Partial<WebhookOptions> = {}, given: Message = message) {
  await using receiver = await startReceiver(reply);
  const url = `${receiver.origin}/hook/secret-token?key=secret-key`;
  const outcome = await webhook({ url, allowPrivateHosts: true, ...options }).send(given, never);
  return { outcome, received: receiver.received };
}

describe("webhook", () => {
  it("posts the message, signed so that the official library verifies it", async () => {
    const { outcome, received } = await send({ status: 204 }, { secret });
    expect(outcome).toEqual({ outcome: "sent" });
    const [request] = received;
    if (request === undefined) throw new Error("nothing was received");
    const { path, headers, body } = request;
    expect(path).toBe("/hook/secret-token?key=secret-key");
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual({
      type: "payment.received",
      timestamp: "2026-01-02T03:04:05.678Z",
      data: {
        id: "payment.received:in_1",
        severity: "info",
        title: "Payment received",
        text: "Ada paid 10.00 USD",
        fields: [{ name: "User", value: "user_1" }],
      },
    });
    expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).toThrow(/signature/);
  });

  it("keeps a message's id over retries, safe for a header, and has no signature without a secret", async () => {
    const odd = { ...message, id: "credits.low:käthe\r\nx-evil: 1" };
    const [first, second, other] = [await send({}), await send({}), await send({}, {}, odd)];
    const idOf = ({ received }: Awaited<ReturnType<typeof send>>) => received[0]?.headers["webhook-id"];
    expect(idOf(first)).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(idOf(second)).toBe(idOf(first));
    expect(idOf(other)).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(idOf(other)).not.toBe(idOf(first));
    expect(first.received[0]?.headers).not.toHaveProperty("webhook-signature");
    expect(first.received[0]?.headers["webhook-timestamp"]).toMatch(/^\d{10}$/);
  });

  it.each([
    [200, "sent"],
    [204, "sent"],
    [301, "failed"],
    [307, "failed"],
    [400, "failed"],
    [401, "failed"],
    [404, "failed"],
    [410, "rejected"],
    [429, "rate_limited"],
    [500, "failed"],
    [503, "failed"],
  ])("takes HTTP %i as %s, and tells no secret", async (status, expected) => {
    const body = status === 204 ? "" : "about /hook/secret-token?key=secret-key";
    const { outcome } = await send({ status, body, headers: { location: "http://127.0.0.1:1/" } });
    expect(outcome).toMatchObject({ outcome: expected });
    expect(JSON.stringify(outcome)).not.toMatch(/secret-/);
  });

  it("honours Retry-After on 429 and 503", async () => {
    for (const status of [429, 503]) {
      const { outcome } = await send({ status, headers: { "retry-after": "7" } });
      expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 7000 });
    }
  });

  it.each(["中", "😀", '"', "\u0001", "x"])("keeps a huge message of %j within 20,000 bytes", async (c) => {
    const fields = Array.from({ length: 100 }, () => ({ name: c.repeat(5000), value: c.repeat(5000) }));
    const kind = c.repeat(5000);
    const huge = { ...message, id: kind, kind, title: kind, text: c.repeat(50_000), fields };
    const { outcome, received } = await send({}, { secret }, huge);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(Buffer.byteLength(received[0]?.body ?? "")).toBeLessThan(20_000);
  });

  it("ends at the signal when the receiver hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = webhook({ url: receiver.origin, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it("sends nothing to a name that leads to this machine", async () => {
    const outcome = await webhook({ url: "https://localhost:1/hook" }).send(message, never);
    expect(outcome).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/^network error: localhost leads to an address that is not public\.$/),
    });
  });
});

describe("a webhook's URL", () => {
  it.each([
    ["", /not a valid URL/],
    ["http://example.com/secret-path", /must be https/],
    ["ftp://example.com/secret-path", /must be https/],
    ["https://user:hunter2@example.com/secret-path", /user name or password/],
    ["https://127.0.0.1/secret-path", /not a public address/],
    ["https://2130706433/secret-path", /not a public address/],
    ["https://10.0.0.1:8443/secret-path", /not a public address/],
    ["https://169.254.169.254/secret-path", /not a public address/],
    ["https://100.100.100.200/secret-path", /not a public address/],
    ["https://[::1]/secret-path", /not a public address/],
    ["https://[::ffff:10.0.0.1]/secret-path", /not a public address/],
    ["https://[fd00::1]/secret-path", /not a public address/],
  ])("%j is refused when the product starts, and nothing secret is repeated", (url, problem) => {
    const make = (): unknown => webhook({ url });
    expect(make).toThrow(problem);
    expect(make).not.toThrow(/secret-path|hunter2/);
  });

  it("may be private and plain where private hosts are allowed, and never link-local", () => {
    for (const url of ["http://localhost/x", "http://10.0.0.1/x", "https://[::1]:8443/x"]) {
      expect(webhook({ url, allowPrivateHosts: true }).name).toBe("webhook");
    }
    expect(() => webhook({ url: "http://169.254.169.254/x", allowPrivateHosts: true })).toThrow(/public/);
  });

  it("leads to the option hosts alone, which must be given where addresses can't be checked", () => {
    const url = "https://hooks.example.com/x";
    expect(webhook({ url, hosts: ["hooks.example.com"] }).name).toBe("webhook");
    expect(() => webhook({ url, hosts: ["example.com"] })).toThrow(/none of the option hosts/);
    expect(() => webhook({ url, fetch })).toThrow(/needs the option hosts/);
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    try {
      expect(() => webhook({ url })).toThrow(/needs the option hosts/);
      expect(webhook({ url, hosts: ["hooks.example.com"] }).name).toBe("webhook");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it.each(["whsec_", "short", `whsec_${"A".repeat(24)}`, `whsec_${Buffer.alloc(65).toString("base64")}`, "whsec_ü!"])(
    "needs a secret of 24 to 64 bytes: not %j",
    (wrong) => {
      const make = (): unknown => webhook({ url: "https://example.com/", secret: wrong });
      expect(make).toThrow(/^The webhook's secret/);
    },
  );
});

describe("sendWebhookNotification", () => {
  it("sends at once", async () => {
    await using receiver = await startReceiver({ status: 202 });
    const options = { url: receiver.origin, allowPrivateHosts: true };
    expect(await sendWebhookNotification(options, { title: "Hello", text: "World" })).toEqual({ outcome: "sent" });
  });
});
