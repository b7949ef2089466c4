// What a stranger's text can do in a notification, and where a configured URL can lead: for every channel that the library
// exports, so that one without a row here fails.
import { describe, expect, it } from "vitest";
import type { Channel, CommonOptions, Message } from "../../src/notification/channel.ts";
import { email } from "../../src/notification/email.ts";
import * as exported from "../../src/notification/index.ts";
import { startMailServer } from "../mail-server.ts";
import { startReceiver } from "../receiver.ts";

const { dingtalk, discord, feishu, resend, slack, telegram, webhook, wecom } = exported;
const mail = { from: "Tally <tally@example.com>", to: "ops@example.com" };

// One text with every way in that some channel knows: mentions, links, images, colours, HTML, lines of a header.
const evil = [
  '@everyone @here <@1> <@&2> <!channel> <!here|here> <users/all> <at id=all></at> <at user_id="all">all</at>',
  "[click](https://evil.example) ![image](https://evil.example/i.png) <https://evil.example|click>",
  '<b>b</b> <script>alert(1)</script> <img src=x onerror=alert(1)> <font color="warning">w</font>',
  '<a href="https://evil.example">click</a> \\[click](https://evil.example) \\<@1>',
  "\r\nBcc: victim@example.com\r\nSubject: another\r\n\r\n# heading\0\u2028",
].join(" ");

interface Row {
  /** Makes the channel that sends to this origin. */
  readonly make: (origin: string, options: CommonOptions) => Channel;
  /** What none of the texts that the receiver reads as markup may match. */
  readonly markup: RegExp;
  /** What the receiver doesn't read as markup. */
  readonly plain?: (body: Record<string, unknown>) => unknown;
}

const angle = /<(?!\/?(?:b|code|font)\b)/;
const bracket = /\[/;
const rows: Readonly<Record<string, Row>> = {
  dingtalk: {
    make: (origin, options) => dingtalk({ ...options, url: `${origin}/robot/send?access_token=t` }),
    markup: /[<[]/,
  },
  discord: {
    make: (origin, options) => discord({ ...options, url: `${origin}/api/webhooks/1/t` }),
    // An odd number of backslashes takes the meaning away.
    markup: /(?<!\\)(?:\\\\)*[<[]/,
    plain: (body) => ((body["embeds"] as { footer: unknown }[])[0] ?? { footer: null }).footer,
  },
  feishu: {
    make: (origin, options) => feishu({ ...options, url: `${origin}/open-apis/bot/v2/hook/t` }),
    markup: /[<[]/,
    plain: (body) => (body["card"] as { header: unknown }).header,
  },
  slack: {
    make: (origin, options) => slack({ ...options, url: `${origin}/services/T/B/t` }),
    // Slack's own mark-up has no link in brackets.
    markup: /</,
  },
  telegram: {
    make: (origin, options) => telegram({ ...options, token: "123456:ABC-DEF1234ghIkl", chatId: "1", apiBase: origin }),
    markup: angle,
  },
  wecom: {
    make: (origin, options) => wecom({ ...options, url: `${origin}/cgi-bin/webhook/send?key=k` }),
    markup: new RegExp(`${angle.source}|${bracket.source}`),
  },
  resend: {
    make: (origin, options) => resend({ ...options, ...mail, apiKey: "re_12345678", apiBase: origin }),
    markup: /<(?:a|img|script|at|users|@|!channel|!here|https)\b/,
    plain: (body) => [body["from"], body["subject"], body["text"]],
  },
  // Data, not a text to be shown: the receiver escapes it for where it goes.
  webhook: {
    make: (origin, options) => webhook({ ...options, url: `${origin}/hook` }),
    markup: /$^/,
  },
  email: {
    make: (origin, options) => email({ ...options, ...mail, url: `smtp://${new URL(origin).host}` }),
    markup: /<(?:a|img|script|at)\b/,
  },
};
const overHttp = Object.entries(rows).filter(([name]) => name !== "email");
const never = new AbortController().signal;
const message: Message = {
  id: evil,
  kind: evil,
  severity: "critical",
  title: evil,
  text: evil,
  fields: [{ name: evil, value: evil }],
  createdAt: new Date("2026-01-02T03:04:05Z"),
};

/** Every text in a JSON value, but for those that `without` holds. */
function textsOf(value: unknown, without: unknown): string[] {
  if (value === without || (Array.isArray(without) && without.includes(value))) return [];
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap((inner) => textsOf(inner, without))
    : [];
}

describe("the table of channels", () => {
  it("has every channel that is exported, and none that is gone", () => {
    const senders = Object.keys(exported).flatMap(
      (name) => /^send(\w+)Notification$/.exec(name)?.[1]?.toLowerCase() ?? [],
    );
    expect(Object.keys(rows).toSorted()).toEqual([...senders, "email"].toSorted());
  });
});

describe("a stranger's text", () => {
  it.each(overHttp)(
    "through %s becomes no mention, link or markup, and no header",
    async (_, { make, markup, plain }) => {
      await using receiver = await startReceiver({ body: "{}" });
      await make(receiver.origin, { allowPrivateHosts: true }).send(message, never);
      expect(receiver.received).toHaveLength(1);
      const [request] = receiver.received;
      const body = JSON.parse(request?.body ?? "") as Record<string, unknown>;
      expect(textsOf(body, plain?.(body)).filter((text) => markup.test(text))).toEqual([]);
      const { bcc, subject } = request?.headers ?? {};
      expect([bcc, subject]).toEqual([undefined, undefined]);
      if (typeof body["subject"] === "string") expect(body["subject"]).not.toMatch(/[\p{Cc}\u2028]/u);
    },
  );

  it("through Discord, DingTalk and Telegram can't call anybody either", async () => {
    const sent = async (name: string): Promise<Record<string, unknown>> => {
      await using receiver = await startReceiver({ body: "{}" });
      await rows[name]?.make(receiver.origin, { allowPrivateHosts: true }).send(message, never);
      return JSON.parse(receiver.received[0]?.body ?? "") as Record<string, unknown>;
    };
    expect(await sent("discord")).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(await sent("dingtalk")).toMatchObject({ at: { atMobiles: [], atUserIds: [], isAtAll: false } });
    // An address begins no mention inside <code>.
    expect(String((await sent("telegram"))["text"]).replaceAll(/<code>.*?<\/code>/gs, "")).not.toMatch(/@\w/);
  });

  it("through email adds no header and no recipient, and its HTML is text", async () => {
    await using server = await startMailServer({ hideSTARTTLS: true });
    const channel = rows["email"]?.make(`http://localhost:${server.port}`, { allowPrivateHosts: true });
    expect(await channel?.send(message, never)).toEqual({ outcome: "sent" });
    expect(server.received).toMatchObject([{ to: ["ops@example.com"] }]);
    const [head = "", ...parts] = (server.received[0]?.raw ?? "").split("\r\n\r\n");
    const names = [...head.matchAll(/^([\w-]+):/gm)].map(([, name]) => name?.toLowerCase());
    expect(names.filter((name) => name === "bcc")).toEqual([]);
    expect(names.filter((name) => name === "subject")).toHaveLength(1);
    const html = parts.join("\r\n\r\n").split("text/html")[1] ?? "";
    expect(html.replaceAll("=\r\n", "")).not.toMatch(rows["email"]?.markup ?? /^/);
  });

  it.each([
    "a@b.example\r\nBcc: c@d.example",
    "A\r\nBcc: c@d.example <a@b.example>",
    "a@b.example,c@d.example",
    'A" <c@d.example>, "x <a@b.example>',
  ])("as an address is refused: %j", (address) => {
    for (const option of ["from", "to"] as const) {
      const options = { ...mail, [option]: address };
      expect(() => resend({ ...options, apiKey: "re_12345678" })).toThrow(/The option/);
      expect(() => email({ ...options, url: "smtps://mail.example.com" })).toThrow(/The option/);
    }
  });
});

// How an address inside may be written: each leads to this machine, its network or the cloud's metadata.
const inside = `
127.0.0.1 127.1 127.255.255.254 0.0.0.0 0 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 localhost localhost.
10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376
[::1] [::] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe] [::ffff:10.0.0.1] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::1]
[fe80::1] [fc00::1] [fd00:ec2::254] [ff02::1]
`
  .trim()
  .split(/\s+/);

describe("a configured URL", () => {
  it.each(overHttp)("of %s leads to no address inside, however it is written", async (_, { make }) => {
    await using receiver = await startReceiver({ body: "{}" });
    const { port } = new URL(receiver.origin);
    for (const host of inside) {
      for (const scheme of ["http", "https"]) {
        const attempt = async (): Promise<unknown> => make(`${scheme}://${host}:${port}`, {}).send(message, never);
        const outcome = await attempt().catch(() => "refused");
        expect([scheme, host, outcome]).toEqual([scheme, host, expect.not.objectContaining({ outcome: "sent" })]);
      }
    }
    expect(receiver.received).toEqual([]);
  });

  it.each(overHttp)("of %s is not followed to where it redirects", async (_, { make }) => {
    await using target = await startReceiver({ body: "{}" });
    for (const status of [301, 302, 303, 307, 308]) {
      await using receiver = await startReceiver({ status, headers: { location: `${target.origin}/metadata` } });
      const outcome = await make(receiver.origin, { allowPrivateHosts: true }).send(message, never);
      expect([status, outcome.outcome]).not.toEqual([status, "sent"]);
    }
    expect(target.received).toEqual([]);
  });
});
