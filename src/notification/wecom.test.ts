import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { sendWecomNotification, wecom } from "./wecom.ts";

const never = new AbortController().signal;
const success = { body: '{"errcode":0,"errmsg":"ok"}' };

const message: Message = {
  id: "msg_1",
  kind: "payment.failed",
  severity: "critical",
  title: "Payment\nfailed",
  text: 'Ada <@all> <font color="info">x</font>\n[click](https://evil.test)',
  fields: [{ name: "User", value: "user_1\n> quote" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, given: Message = message) {
  await using receiver = await startReceiver(reply);
  const url = `${receiver.origin}/cgi-bin/webhook/send?key=secret-key`;
  const outcome = await wecom({ url, allowPrivateHosts: true }).send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("wecom", () => {
  it("posts Markdown whose text can't become a mention, a colour or a link", async () => {
    const { outcome, received, json } = await send(success);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received.map(({ path }) => path)).toEqual(["/cgi-bin/webhook/send?key=secret-key"]);
    expect(json).toEqual({
      msgtype: "markdown",
      markdown: {
        content: [
          '**<font color="warning">Payment failed</font>**',
          'Ada ＜@all＞ ＜font color="info"＞x＜/font＞',
          "［click］(https://evil.test)",
          "> **User**: user_1 ＞ quote",
          '<font color="comment">payment.failed · 2026-01-02T03:04:05.678Z · msg_1</font>',
        ].join("\n"),
      },
    });
  });

  it.each([
    [93000, "rejected"],
    [93008, "rejected"],
    [40008, "rejected"],
    [44004, "rejected"],
    [45002, "rejected"],
    [45009, "rate_limited"],
    [45033, "rate_limited"],
    [-1, "failed"],
    [77, "failed"],
  ])("takes errcode %i as %s, and tells no secret", async (errcode, expected) => {
    const { outcome } = await send({ body: JSON.stringify({ errcode, errmsg: "about secret-key" }) });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(`errcode ${errcode}`) });
    expect(JSON.stringify(outcome)).not.toContain("secret-key");
  });

  it("pauses for a minute on 45009", async () => {
    const { outcome } = await send({ body: '{"errcode":45009,"errmsg":"api freq out of limit"}' });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 60_000 });
  });

  it.each([['{"errmsg":"ok"}'], ["<html>login</html>"], [""]])(
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

  it("ends at the signal when WeCom hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = wecom({ url: receiver.origin, allowPrivateHosts: true }).send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it.each(["中", "😀", "<", "x", "\n", "\ud800"])(
    "keeps a huge message of %j within 4096 bytes, and cuts its text first",
    async (c) => {
      const fields = Array.from({ length: 100 }, () => ({ name: c.repeat(5000), value: c.repeat(5000) }));
      const huge = { ...message, id: c.repeat(5000), title: c.repeat(5000), text: c.repeat(50_000), fields };
      const { json } = await send(success, huge);
      const bytes = Buffer.byteLength(json.markdown.content);
      expect(bytes).toBeLessThanOrEqual(4096);
      expect(bytes).toBeGreaterThan(4000);
      expect(json.markdown.content).toMatch(/<\/font>$/);
    },
  );

  it("keeps to 20 messages a minute", () => {
    expect(wecom({ url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k" }).minIntervalMs).toBe(3000);
  });

  it("refuses a URL that does not lead to WeCom", () => {
    expect(() => wecom({ url: "https://oapi.dingtalk.com/x?key=secret-key" })).toThrow(
      /^The WeCom webhook URL leads to https:\/\/oapi\.dingtalk\.com; allowed is https/,
    );
  });
});

describe("sendWecomNotification", () => {
  it("sends at once", async () => {
    await using receiver = await startReceiver(success);
    const options = { url: receiver.origin, allowPrivateHosts: true };
    expect(await sendWecomNotification(options, { title: "你好", text: "世界" })).toEqual({ outcome: "sent" });
  });
});
