import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { discord, sendDiscordNotification } from "./discord.ts";

const never = new AbortController().signal;

const message: Message = {
  id: "msg_1",
  kind: "payment.received",
  severity: "info",
  title: "Payment received",
  text: "Ada paid 10.00 USD @everyone",
  fields: [
    { name: "User", value: "user_1" },
    { name: "Credits", value: "+500" },
  ],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, given: Message = message, path = "/api/webhooks/1/secret-token") {
  await using receiver = await startReceiver(reply);
  const channel = discord({ url: receiver.origin + path, allowPrivateHosts: true });
  const outcome = await channel.send(given, never);
  return { outcome, received: receiver.received };
}

describe("discord", () => {
  it("posts one embed without mentions and waits for it to be stored", async () => {
    const { outcome, received } = await send({ body: '{"id":"1"}' });
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received).toHaveLength(1);
    expect(received[0]?.path).toBe("/api/v10/webhooks/1/secret-token?wait=true");
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      embeds: [
        {
          title: "Payment received",
          description: "Ada paid 10.00 USD @everyone",
          color: 0x3498db,
          fields: [
            { name: "User", value: "user_1", inline: true },
            { name: "Credits", value: "+500", inline: true },
          ],
          footer: { text: "payment.received · msg_1" },
          timestamp: "2026-01-02T03:04:05.678Z",
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  it.each([
    ["https://discord.com/api/webhooks/1/t", "https://discord.com/api/v10/webhooks/1/t?wait=true"],
    ["https://discordapp.com/api/v6/webhooks/1/t", "https://discordapp.com/api/v10/webhooks/1/t?wait=true"],
    [
      "https://discord.com/api/v10/webhooks/1/t?thread_id=7&wait=false",
      "https://discord.com/api/v10/webhooks/1/t?thread_id=7&wait=true",
    ],
    ["http://127.0.0.1:8080/mock", "http://127.0.0.1:8080/mock?wait=true"],
  ])("posts %s to %s", async (url, expected) => {
    const asked: unknown[] = [];
    const recording: typeof fetch = (target) => {
      asked.push(target);
      return Promise.resolve(new Response("{}"));
    };
    await discord({ url, allowPrivateHosts: true, fetch: recording }).send(message, never);
    expect(asked).toEqual([expected]);
  });

  it("reads retry_after as seconds with a fraction, before the header", async () => {
    const body = JSON.stringify({ message: "You are being rate limited.", retry_after: 0.651, global: false });
    const { outcome } = await send({ status: 429, headers: { "retry-after": "1" }, body });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 651 });
  });

  it("falls back to Retry-After when the 429 has no JSON", async () => {
    const { outcome } = await send({ status: 429, headers: { "retry-after": "3" }, body: "<html>error 1015</html>" });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 3000 });
  });

  it.each([
    [400, "rejected"],
    [401, "rejected"],
    [403, "rejected"],
    [404, "rejected"],
    [410, "rejected"],
    [500, "failed"],
    [502, "failed"],
    [302, "failed"],
  ])("takes HTTP %i as %s", async (status, expected) => {
    const body = '{"message": "about /webhooks/1/secret-token", "code": 10015}';
    const { outcome } = await send({ status, body });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(`HTTP ${status}`) });
    expect(JSON.stringify(outcome)).toContain("10015");
    expect(JSON.stringify(outcome)).not.toContain("secret-token");
  });

  it("ends at the signal when Discord hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const url = `${receiver.origin}/api/webhooks/1/t`;
    const sending = discord({ url, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it("keeps all limits for a huge message", async () => {
    const fields = Array.from({ length: 40 }, () => ({ name: "名".repeat(500), value: "😀".repeat(3000) }));
    const huge = { ...message, title: "T".repeat(9000), text: "é".repeat(90_000), fields };
    const { received } = await send({}, huge);
    const [embed] = JSON.parse(received[0]?.body ?? "").embeds;
    expect(embed.title).toHaveLength(256);
    expect(embed.description.length).toBeGreaterThanOrEqual(2000);
    expect(embed.description.length).toBeLessThanOrEqual(4096);
    expect(embed.fields.length).toBeGreaterThanOrEqual(2);
    expect(embed.fields.length).toBeLessThanOrEqual(25);
    let total = embed.title.length + embed.description.length + embed.footer.text.length;
    for (const field of embed.fields) {
      expect(field.name.length).toBeLessThanOrEqual(256);
      expect(field.value.length).toBeLessThanOrEqual(1024);
      total += field.name.length + field.value.length;
    }
    expect(total).toBeLessThanOrEqual(6000);
  });

  it("gives a long text all the room that fields leave", async () => {
    const { received } = await send({}, { ...message, text: "x".repeat(9000) });
    expect(JSON.parse(received[0]?.body ?? "").embeds[0].description).toHaveLength(4096);
  });

  it("leaves out an empty title and text, and fills empty fields", async () => {
    const { received } = await send({}, { ...message, title: "", text: "", fields: [{ name: "", value: "" }] });
    const [embed] = JSON.parse(received[0]?.body ?? "").embeds;
    expect(embed).not.toHaveProperty("title");
    expect(embed).not.toHaveProperty("description");
    expect(embed.fields).toEqual([{ name: "–", value: "–", inline: true }]);
  });
});

describe("sendDiscordNotification", () => {
  it("sends a title and a text at once", async () => {
    await using receiver = await startReceiver({ body: "{}" });
    const options = { url: `${receiver.origin}/api/webhooks/1/t`, allowPrivateHosts: true };
    expect(await sendDiscordNotification(options, { title: "Hello", text: "World" })).toEqual({ outcome: "sent" });
    expect(JSON.parse(receiver.received[0]?.body ?? "").embeds[0]).toMatchObject({
      title: "Hello",
      description: "World",
      fields: [],
    });
  });

  it("rejects for a URL that does not lead to Discord", async () => {
    const sending = sendDiscordNotification({ url: "https://evil.test/" }, { title: "Hello", text: "World" });
    await expect(sending).rejects.toMatchObject({ code: "invalid_request" });
  });
});
