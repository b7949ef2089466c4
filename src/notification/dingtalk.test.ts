import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { dingtalk, dingtalkSignature, type DingtalkOptions, sendDingtalkNotification } from "./dingtalk.ts";

const never = new AbortController().signal;
const success = { body: '{"errcode":0,"errmsg":"ok"}' };

const message: Message = {
  id: "msg_1",
  kind: "payment.received",
  severity: "warning",
  title: "Payment *received*",
  text: "Ada paid 10.00 USD @all\n[click](https://evil.test) ![x](y)",
  fields: [{ name: "User", value: "user_1\n# head" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, options: Partial<DingtalkOptions> = {}, given: Message = message) {
  await using receiver = await startReceiver(reply);
  const url = `${receiver.origin}/robot/send?access_token=secret-token`;
  const outcome = await dingtalk({ url, allowPrivateHosts: true, ...options }).send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("dingtalk", () => {
  it("posts Markdown whose text can't become a mention, a link or an image", async () => {
    const { outcome, received, json } = await send(success);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received.map(({ path }) => path)).toEqual(["/robot/send?access_token=secret-token"]);
    expect(json).toEqual({
      msgtype: "markdown",
      markdown: {
        title: "Payment ＊received＊",
        text: [
          "### ⚠️ Payment ＊received＊",
          "Ada paid 10.00 USD @all  \n［click］(https://evil.test) !［x］(y)",
          "**User**: user_1 ＃ head",
          "payment.received · 2026-01-02T03:04:05.678Z · msg_1",
        ].join("\n\n"),
      },
      at: { atMobiles: [], atUserIds: [], isAtAll: false },
    });
  });

  it("signs in the query, at the time of sending", async () => {
    const before = Date.now();
    const { received } = await send(success, { secret: "SECdemo" });
    const query = new URL(received[0]?.path ?? "", "http://x").searchParams;
    const timestamp = query.get("timestamp") ?? "";
    expect(Number(timestamp)).toBeGreaterThanOrEqual(before);
    expect(query.get("access_token")).toBe("secret-token");
    expect(query.get("sign")).toBe(createHmac("sha256", "SECdemo").update(`${timestamp}\nSECdemo`).digest("base64"));
    // Every character that a query reads otherwise is percent-encoded.
    expect(received[0]?.path).toMatch(/&sign=[A-Za-z0-9%]+$/);
  });

  it("computes the signature that Python's hmac computes by the algorithm in DingTalk's documentation", async () => {
    expect(await dingtalkSignature("1577262236757", "this is secret")).toBe(
      "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=",
    );
  });

  it.each([
    [310000, "rejected"],
    [300001, "rejected"],
    [400102, "rejected"],
    [430101, "rejected"],
    [460101, "rejected"],
    [130101, "rate_limited"],
    [410100, "rate_limited"],
    [-1, "failed"],
    [77, "failed"],
  ])("takes errcode %i as %s, and tells no secret", async (errcode, expected) => {
    const body = JSON.stringify({ errcode, errmsg: "says secret-token" });
    const { outcome } = await send({ body }, { secret: "says" });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(`errcode ${errcode}`) });
    expect(JSON.stringify(outcome)).not.toMatch(/secret-token|says/);
  });

  it("leaves the bot alone for the ten minutes for which it is silenced", async () => {
    const { outcome } = await send({ body: '{"errcode":130101,"errmsg":"send too fast"}' });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 600_000 });
  });

  it.each([['{"errmsg":"ok"}'], ['{"errcode":"0"}'], ["<html>login</html>"], [""]])(
    "takes HTTP 200 without an errcode as failed: %j",
    async (body) => {
      expect((await send({ body })).outcome).toMatchObject({
        outcome: "failed",
        reason: expect.stringMatching(/^no errcode in the answer: HTTP 200/),
      });
    },
  );

  it.each([
    [404, "rejected"],
    [429, "rate_limited"],
    [500, "failed"],
    [302, "failed"],
  ])("takes HTTP %i without an errcode as %s", async (status, expected) => {
    expect((await send({ status, body: "oops" })).outcome).toMatchObject({ outcome: expected });
  });

  it("ends at the signal when DingTalk hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = dingtalk({ url: receiver.origin, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it.each(["中", "😀", '"', "<", "\n", "\u0001", "\ud800"])(
    "keeps a huge message of %j within 20,000 bytes",
    async (c) => {
      const fields = Array.from({ length: 100 }, () => ({ name: c.repeat(5000), value: c.repeat(5000) }));
      const huge = { ...message, id: c.repeat(5000), title: c.repeat(5000), text: c.repeat(50_000), fields };
      const { outcome, received } = await send(success, {}, huge);
      expect(outcome).toEqual({ outcome: "sent" });
      expect(Buffer.byteLength(received[0]?.body ?? "")).toBeLessThanOrEqual(20_000);
    },
  );

  it("never sends an empty title", async () => {
    const { json } = await send(success, {}, { ...message, title: "", text: "" });
    expect(json.markdown.title).toBe("payment.received");
  });

  it("keeps to 20 messages a minute", () => {
    const channel = dingtalk({ url: "https://oapi.dingtalk.com/robot/send?access_token=t" });
    expect(channel.minIntervalMs).toBe(3000);
  });

  it("refuses a URL that does not lead to DingTalk", () => {
    expect(() => dingtalk({ url: "https://evil.test/robot/send?access_token=secret-token" })).toThrow(
      /^The DingTalk webhook URL leads to https:\/\/evil\.test; allowed is https/,
    );
  });
});

describe("sendDingtalkNotification", () => {
  it("sends at once", async () => {
    await using receiver = await startReceiver(success);
    const options = { url: receiver.origin, allowPrivateHosts: true };
    expect(await sendDingtalkNotification(options, { title: "你好", text: "世界" })).toEqual({ outcome: "sent" });
  });
});
