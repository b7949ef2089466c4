import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { feishu, type FeishuOptions, feishuSignature, sendFeishuNotification } from "./feishu.ts";

const never = new AbortController().signal;
const success = { body: '{"code":0,"data":{},"msg":"success"}' };

const message: Message = {
  id: "msg_1",
  kind: "payment.received",
  severity: "warning",
  title: "Payment *received*",
  text: "Ada paid 10.00 USD <at id=all></at>",
  fields: [
    { name: "User", value: "user_1" },
    { name: "Note", value: "[click](https://evil.test)" },
  ],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, options: Partial<FeishuOptions> = {}, given: Message = message) {
  await using receiver = await startReceiver(reply);
  const url = `${receiver.origin}/open-apis/bot/v2/hook/secret-token`;
  const outcome = await feishu({ url, allowPrivateHosts: true, ...options }).send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("feishu", () => {
  it("posts a card whose text can't become a mention or a link", async () => {
    const { outcome, received, json } = await send(success);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received.map((request) => request.path)).toEqual(["/open-apis/bot/v2/hook/secret-token"]);
    expect(json).toEqual({
      msg_type: "interactive",
      card: {
        schema: "2.0",
        header: { title: { tag: "plain_text", content: "Payment *received*" }, template: "orange" },
        body: {
          elements: [
            { tag: "markdown", content: "Ada paid 10.00 USD &#60;at id=all&#62;&#60;/at&#62;" },
            { tag: "markdown", content: "**User**: user_1\n**Note**: &#91;click&#93;(https://evil.test)" },
            {
              tag: "markdown",
              content: "Event: payment.received · Time: 2026-01-02T03:04:05.678Z · ID: msg_1",
              text_size: "notation",
            },
          ],
        },
      },
    });
  });

  it("labels in Chinese when the channel's language is zh", async () => {
    const { json } = await send(success, { language: "zh" });
    const contents = json.card.body.elements.map((element: { content: string }) => element.content);
    expect(contents[1]).toMatch(/^\*\*User\*\*：user_1\n/);
    expect(contents[2]).toBe("事件：payment.received · 时间：2026-01-02T03:04:05.678Z · 编号：msg_1");
  });

  it("signs with timestamp and secret as the key, at the time of sending", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { json } = await send(success, { secret: "demo" });
    expect(json.timestamp).toMatch(/^\d{10}$/);
    expect(Number(json.timestamp)).toBeGreaterThanOrEqual(before);
    expect(json.sign).toBe(createHmac("sha256", `${json.timestamp}\ndemo`).update("").digest("base64"));
  });

  it("computes the signature that Python's hmac computes by the algorithm in Feishu's documentation", async () => {
    expect(await feishuSignature("1599360473", "demo")).toBe("l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
  });

  it.each([
    ['{"code":0,"msg":"success"}'],
    ['{"StatusCode":0,"StatusMessage":"success"}'],
    ['{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}'],
  ])("takes HTTP 200 with %s as sent", async (body) => {
    expect((await send({ body })).outcome).toEqual({ outcome: "sent" });
  });

  it.each([
    ['{"msg":"success"}'],
    ['{"code":"0"}'],
    ["<html>proxy login</html>"],
    [""],
    ["[]"],
    ["null"],
    ['{"code":0'],
  ])("takes HTTP 200 without a code as failed: %j", async (body) => {
    expect((await send({ body })).outcome).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/^no code in the answer: HTTP 200/),
    });
  });

  it.each([
    [9499, "rejected"],
    [19001, "rejected"],
    [19021, "rejected"],
    [19022, "rejected"],
    [19024, "rejected"],
    [11232, "rate_limited"],
    [5000, "failed"],
  ])("takes code %i as %s, under HTTP 200 and 400 alike", async (code, expected) => {
    const body = JSON.stringify({ code, data: {}, msg: "says secret-token" });
    for (const status of [200, 400]) {
      const { outcome } = await send({ status, body }, { secret: "says" });
      expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(`code ${code}`) });
      expect(JSON.stringify(outcome)).not.toMatch(/secret-token|says/);
    }
  });

  it("takes a non-zero code as failed even beside a legacy StatusCode of 0", async () => {
    const { outcome } = await send({ body: '{"StatusCode":0,"code":19024}' });
    expect(outcome).toMatchObject({ outcome: "rejected" });
  });

  it("pauses for 10 seconds on 11232", async () => {
    const { outcome } = await send({ body: '{"code":11232,"msg":"frequency limited"}' });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 10_000 });
  });

  it("says for 19021 that the clock may be off", async () => {
    const { outcome } = await send({ body: '{"code":19021,"msg":"sign match fail"}' });
    expect(outcome).toMatchObject({ reason: expect.stringContaining("clock") });
  });

  it.each([
    [404, "rejected"],
    [429, "rate_limited"],
    [500, "failed"],
    [302, "failed"],
  ])("takes HTTP %i without a code as %s", async (status, expected) => {
    expect((await send({ status, body: "oops" })).outcome).toMatchObject({ outcome: expected });
  });

  it("takes HTTP 500 as failed whatever its code", async () => {
    expect((await send({ status: 500, body: '{"code":19021}' })).outcome).toMatchObject({ outcome: "failed" });
  });

  it("ends at the signal when Feishu hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = feishu({ url: receiver.origin, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it.each(["中", "😀", '"', "<", "\u0001", "\ud800"])(
    "keeps the body within 20 KB for a huge message of %j",
    async (c) => {
      const fields = Array.from({ length: 100 }, () => ({ name: c.repeat(5000), value: c.repeat(5000) }));
      const huge = { ...message, id: c.repeat(5000), title: c.repeat(5000), text: c.repeat(50_000), fields };
      const { outcome, received, json } = await send(success, { secret: "demo", language: "zh" }, huge);
      expect(outcome).toEqual({ outcome: "sent" });
      const bytes = Buffer.byteLength(received[0]?.body ?? "");
      expect(bytes).toBeLessThanOrEqual(20_000);
      expect(bytes).toBeGreaterThan(15_000);
      expect(json.card.body.elements[0].content).toMatch(/…$/);
    },
  );

  it("asks for 600 ms between two messages", () => {
    expect(feishu({ url: "https://open.feishu.cn/open-apis/bot/v2/hook/t" }).minIntervalMs).toBe(600);
  });
});

describe("sendFeishuNotification", () => {
  it("sends a signed card at once", async () => {
    await using receiver = await startReceiver(success);
    const options = { url: receiver.origin, secret: "demo", allowPrivateHosts: true };
    expect(await sendFeishuNotification(options, { title: "你好", text: "世界" })).toEqual({ outcome: "sent" });
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
      sign: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      card: { header: { title: { content: "你好" } } },
    });
  });
});
