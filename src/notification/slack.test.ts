import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { sendSlackNotification, slack } from "./slack.ts";

const never = new AbortController().signal;

const message: Message = {
  id: "msg_1",
  kind: "payment.failed",
  severity: "critical",
  title: "Payment <failed>",
  text: "Ada & Bob <!channel>",
  fields: [{ name: "Reason", value: "<https://evil.test|click>" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, given: Message = message, language: "en" | "zh" = "en") {
  await using receiver = await startReceiver(reply);
  const url = `${receiver.origin}/services/T1/B1/secret-token`;
  const channel = slack({ url, language, allowPrivateHosts: true });
  const outcome = await channel.send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("slack", () => {
  it("posts blocks and a plain text, with every control character escaped", async () => {
    const { outcome, received, json } = await send({ headers: { "content-type": "text/plain" }, body: "ok" });
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received.map((request) => request.path)).toEqual(["/services/T1/B1/secret-token"]);
    expect(json).toEqual({
      text: "Payment &lt;failed&gt;\nAda &amp; Bob &lt;!channel&gt;",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "Payment &lt;failed&gt;" } },
        { type: "section", text: { type: "mrkdwn", text: "Ada &amp; Bob &lt;!channel&gt;", verbatim: true } },
        {
          type: "section",
          fields: [{ type: "mrkdwn", text: "*Reason*\n&lt;https://evil.test|click&gt;", verbatim: true }],
        },
        {
          type: "context",
          elements: [
            {
              type: "mrkdwn",
              text: "Critical · payment.failed · 2026-01-02T03:04:05.678Z · msg_1",
              verbatim: true,
            },
          ],
        },
      ],
    });
  });

  it("names the severity in the channel's language", async () => {
    const { json } = await send({ body: "ok" }, message, "zh");
    expect(json.blocks.at(-1).elements[0].text).toMatch(/^严重 · /);
  });

  it("reads Retry-After as seconds", async () => {
    const { outcome } = await send({ status: 429, headers: { "retry-after": "30" }, body: "rate_limited" });
    expect(outcome).toEqual({ outcome: "rate_limited", retryAfterMs: 30_000, reason: "HTTP 429: rate_limited" });
  });

  it.each([
    [400, "invalid_payload", "rejected"],
    [403, "action_prohibited", "rejected"],
    [404, "no_service", "rejected"],
    [404, "channel_not_found", "rejected"],
    [410, "channel_is_archived", "rejected"],
    [500, "rollup_error", "failed"],
    [302, "", "failed"],
  ])("takes HTTP %i %s as %s", async (status, body, expected) => {
    const { outcome } = await send({ status, body });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(body) });
  });

  it("ends at the signal when Slack hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = slack({ url: receiver.origin, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it("keeps all limits for a huge message", async () => {
    const fields = Array.from({ length: 100 }, () => ({ name: "<".repeat(500), value: "&".repeat(9000) }));
    const huge = { ...message, title: "<".repeat(900), text: "&".repeat(90_000), fields };
    const { json } = await send({}, huge);
    expect(json.blocks.length).toBeLessThanOrEqual(50);
    for (const block of json.blocks) {
      expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(block.type === "header" ? 150 : 3000);
      expect(block.fields?.length ?? 1).toBeLessThanOrEqual(10);
      for (const field of block.fields ?? []) {
        expect(field.text.length).toBeLessThanOrEqual(2000);
        expect(field.text).not.toMatch(/&(?!amp;|lt;|gt;)/);
      }
    }
    expect(JSON.stringify(json.blocks).length).toBeLessThan(13_000);
  });

  it("puts at most 10 fields into a section", async () => {
    const fields = Array.from({ length: 13 }, (_, index) => ({ name: `n${index}`, value: "v" }));
    const { json } = await send({}, { ...message, fields });
    const counts = json.blocks.flatMap((block: { fields?: unknown[] }) => block.fields?.length ?? []);
    expect(counts).toEqual([10, 3]);
  });

  it("asks for one second between two messages", () => {
    expect(slack({ url: "https://hooks.slack.com/services/T/B/t" }).minIntervalMs).toBe(1000);
  });
});

describe("sendSlackNotification", () => {
  it("sends a title and a text at once", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const options = { url: receiver.origin, allowPrivateHosts: true };
    expect(await sendSlackNotification(options, { title: "Hello", text: "World" })).toEqual({ outcome: "sent" });
    expect(JSON.parse(receiver.received[0]?.body ?? "").text).toBe("Hello\nWorld");
  });
});
