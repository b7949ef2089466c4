import { describe, expect, it } from "vitest";
import { type Reply, startReceiver } from "../../test/receiver.ts";
import type { Message } from "./channel.ts";
import { sendTelegramNotification, telegram, type TelegramOptions } from "./telegram.ts";

const never = new AbortController().signal;
const success = { body: '{"ok":true,"result":{"message_id":1}}' };
const token = "123456:ABC-secret_token";

const message: Message = {
  id: "msg_1",
  kind: "task.dead",
  severity: "critical",
  title: "A task & <b>more</b>",
  text: "Ask @ada about <a href='https://evil.test'>this</a>",
  fields: [{ name: "User", value: "ada@example.com </code>@everyone" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(reply: Reply, given: Message = message, options: Partial<TelegramOptions> = {}) {
  await using receiver = await startReceiver(reply);
  const channel = telegram({ token, chatId: -100123, apiBase: receiver.origin, allowPrivateHosts: true, ...options });
  const outcome = await channel.send(given, never);
  return { outcome, received: receiver.received, json: JSON.parse(receiver.received[0]?.body ?? "null") };
}

describe("telegram", () => {
  it("sends HTML whose text can't become a mention or markup, and no link has a preview", async () => {
    const { outcome, received, json } = await send(success, message, { threadId: 7 });
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received.map(({ path }) => path)).toEqual([`/bot${token}/sendMessage`]);
    expect(json).toEqual({
      chat_id: "-100123",
      message_thread_id: 7,
      text: [
        "🚨 <b>A task &amp; &lt;b&gt;more&lt;/b&gt;</b>",
        "Ask @\u2060ada about &lt;a href='https://evil.test'&gt;this&lt;/a&gt;",
        "User: <code>ada@example.com &lt;/code&gt;@everyone</code>",
        "<code>task.dead · 2026-01-02T03:04:05.678Z · msg_1</code>",
      ].join("\n\n"),
      parse_mode: "HTML",
      link_preview_options: { is_disabled: true },
    });
  });

  it("takes the pause that Telegram asks for, in seconds", async () => {
    const body = '{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":34}}';
    const { outcome } = await send({ status: 429, body });
    expect(outcome).toMatchObject({ outcome: "rate_limited", retryAfterMs: 34_000 });
  });

  it.each([
    [400, "Bad Request: chat not found", "rejected"],
    [401, "Unauthorized", "rejected"],
    [403, "Forbidden: bot was kicked from the group chat", "rejected"],
    [404, "Not Found", "rejected"],
    [500, "Internal Server Error", "failed"],
    [502, "Bad Gateway", "failed"],
    [302, "", "failed"],
  ])("takes HTTP %i (%s) as %s, and tells no token", async (status, description, expected) => {
    const body = JSON.stringify({ ok: false, error_code: status, description: `${description} /bot${token}/` });
    const { outcome } = await send({ status, body });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(description) });
    expect(JSON.stringify(outcome)).not.toContain("secret_token");
  });

  it("says which chat a group has become", async () => {
    const body = '{"ok":false,"description":"upgraded","parameters":{"migrate_to_chat_id":-100987}}';
    const { outcome } = await send({ status: 400, body });
    expect(outcome).toMatchObject({ outcome: "rejected", reason: expect.stringContaining("chat -100987") });
  });

  it.each(['{"ok":false}', "<html>", "", "[]", '{"ok":"true"}'])(
    "takes HTTP 200 without ok as failed: %j",
    async (body) => {
      expect((await send({ body })).outcome).toMatchObject({ outcome: "failed" });
    },
  );

  it("ends at the signal when Telegram hangs", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const channel = telegram({ token, chatId: 1, apiBase: receiver.origin, allowPrivateHosts: true });
    const sending = channel.send(message, controller.signal);
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it.each(["x", "😀", "<", "@", "&"])(
    "keeps a huge message of %j within 4096 characters, its markup whole",
    async (c) => {
      const fields = Array.from({ length: 100 }, () => ({ name: c.repeat(5000), value: c.repeat(5000) }));
      const huge = { ...message, id: c.repeat(5000), title: c.repeat(5000), text: c.repeat(50_000), fields };
      const { json } = await send(success, huge);
      expect(json.text.length).toBeLessThanOrEqual(4096);
      expect(json.text.length).toBeGreaterThan(3900);
      expect(json.text.match(/<b>/g)).toHaveLength(1);
      expect(json.text.match(/<code>/g)?.length).toBe(json.text.match(/<\/code>/g)?.length);
      expect(json.text).toMatch(/<\/code>$/);
    },
  );

  it.each([
    [42, 1000],
    ["42", 1000],
    [-100123, 3000],
    ["@news", 3000],
  ])("keeps to the pace of the chat %s", (chatId, minIntervalMs) => {
    expect(telegram({ token, chatId }).minIntervalMs).toBe(minIntervalMs);
  });

  it.each(["", "secret", "123456:short", "123456:../../evil_secret", "123456:ABC-secret_token/x"])(
    "refuses %j as a token, without repeating it",
    (wrong) => {
      const make = (): unknown => telegram({ token: wrong, chatId: 1 });
      expect(make).toThrow(/token is not of the form/);
      expect(make).not.toThrow(/secret/);
    },
  );

  it.each(["", "ada", "@", "1.5", "https://t.me/ada"])("refuses %j as a chat", (chatId) => {
    expect(() => telegram({ token, chatId })).toThrow(/chat must be/);
  });

  it("sends to Telegram's own host only", () => {
    expect(() => telegram({ token, chatId: 1, apiBase: "https://evil.test" })).toThrow(/leads to https:\/\/evil\.test/);
    expect(() => telegram({ token, chatId: 1, apiBase: "http://127.0.0.1" })).toThrow(/leads to/);
  });
});

describe("sendTelegramNotification", () => {
  it("sends at once", async () => {
    await using receiver = await startReceiver(success);
    const options = { token, chatId: 1, apiBase: receiver.origin, allowPrivateHosts: true };
    expect(await sendTelegramNotification(options, { title: "Hello", text: "" })).toEqual({ outcome: "sent" });
  });
});
