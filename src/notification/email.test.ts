import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { certificate, startMailServer, type MailServerOptions } from "../../test/mail-server.ts";
import type { Message } from "./channel.ts";
import { email, sendEmailNotification, type EmailOptions } from "./email.ts";

const never = new AbortController().signal;

const message: Message = {
  id: "payment.received:in_1",
  kind: "payment.received",
  severity: "critical",
  title: "Payment received",
  text: "Ada paid <b>10.00 USD</b>",
  fields: [{ name: "User", value: "user_1" }],
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
};

async function send(
  server: MailServerOptions,
  options: Partial<EmailOptions> & { scheme?: string; login?: string } = {},
  given: Message = message,
) {
  await using mail = await startMailServer(server);
  const { scheme = "smtp", login = "", ...rest } = options;
  const channel = email({
    url: `${scheme}://${login}localhost:${mail.port}`,
    from: "Tally <tally@example.com>",
    to: "ops@example.com",
    ...rest,
  });
  const outcome = await channel.send(given, never);
  return { outcome, received: mail.received, credentials: mail.credentials };
}

/** The mail's header fields, unfolded; and its parts, decoded. */
function parse(raw: string) {
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const headers = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  const body = rest.join("\r\n\r\n");
  const decoded = body
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers, body: Buffer.from(decoded, "latin1").toString() };
}

describe("email", () => {
  it("mails a plain text and an HTML part by STARTTLS, signed in, under a Message-ID that stays the same", async () => {
    const login = "ada:pa:ss@word";
    const server = { login };
    const options = { login: "ada:pa%3Ass%40word@", ca: certificate };
    const [first, second] = [await send(server, options), await send(server, options)];
    for (const { outcome, received, credentials } of [first, second]) {
      expect(outcome).toEqual({ outcome: "sent" });
      expect(received).toMatchObject([
        { from: "tally@example.com", to: ["ops@example.com"], secure: true, user: "ada" },
      ]);
      expect(credentials).toEqual([login]);
    }
    const { headers, body } = parse(first.received[0]?.raw ?? "");
    expect(headers).toEqual(
      expect.arrayContaining([
        "From: Tally <tally@example.com>",
        "To: ops@example.com",
        "Subject: [Critical] Payment received",
        "Auto-Submitted: auto-generated",
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
      ]),
    );
    expect(body).toMatch(/Content-Type: text\/plain; charset=utf-8[\s\S]*Ada paid <b>10\.00 USD<\/b>/);
    expect(body).toMatch(/Content-Type: text\/html; charset=utf-8[\s\S]*Ada paid &lt;b&gt;10\.00 USD&lt;\/b&gt;/);
    const idOf = (raw = "") => parse(raw).headers.find((header) => header.startsWith("Message-ID: "));
    expect(idOf(first.received[0]?.raw)).toMatch(/^Message-ID: <[0-9a-f]{32}@example\.com>$/);
    expect(idOf(second.received[0]?.raw)).toBe(idOf(first.received[0]?.raw));
  });

  it("speaks TLS from the start where the URL says smtps", async () => {
    const { outcome, received } = await send({ secure: true }, { scheme: "smtps", ca: certificate });
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received).toMatchObject([{ secure: true }]);
  });

  it("sends nothing, and no password, to a server without STARTTLS", async () => {
    const { outcome, received, credentials } = await send(
      { disabledCommands: ["STARTTLS"], login: "ada:hunter2" },
      { login: "ada:hunter2@", ca: certificate },
    );
    expect(outcome).toMatchObject({ outcome: "failed", reason: expect.stringMatching(/^ETLS/) });
    expect([...received, ...credentials]).toEqual([]);
  });

  it("sends nothing, and no password, to a server whose certificate nobody vouches for", async () => {
    for (const [scheme, secure] of [
      ["smtps", true],
      ["smtp", false],
    ] as const) {
      const { outcome, received, credentials } = await send(
        { secure, login: "ada:hunter2" },
        { scheme, login: "ada:hunter2@" },
      );
      expect(outcome).toMatchObject({ outcome: "failed", reason: expect.stringMatching(/certificate/) });
      expect([...received, ...credentials]).toEqual([]);
    }
  });

  it("mails in the clear where TLS is not required, and on loopback in tests", async () => {
    for (const options of [{ requireTls: false }, { allowPrivateHosts: true }]) {
      const { outcome, received } = await send({ hideSTARTTLS: true }, options);
      expect(outcome).toEqual({ outcome: "sent" });
      expect(received).toMatchObject([{ secure: false }]);
    }
  });

  it.each([
    [{ at: "recipient", code: 550 }, "rejected"],
    [{ at: "recipient", code: 450 }, "failed"],
    [{ at: "data", code: 552 }, "rejected"],
    [{ at: "data", code: 451 }, "failed"],
    [{ at: "data", code: 421 }, "failed"],
  ] as const)("takes %j as %s", async (refuse, expected) => {
    const { outcome } = await send({ refuse, hideSTARTTLS: true }, { allowPrivateHosts: true });
    expect(outcome).toMatchObject({ outcome: expected, reason: expect.stringContaining(String(refuse.code)) });
  });

  it("takes a wrong password as rejected, and says it to nobody", async () => {
    const login = "ada:hunter2@";
    const { outcome } = await send({ login: "ada:other" }, { login, ca: certificate });
    expect(outcome).toMatchObject({ outcome: "rejected", reason: expect.stringMatching(/^EAUTH: .*535/) });
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
  });

  it("is sent when one address of several is refused for good, and tried again while one is put off", async () => {
    const to = ["gone@example.com", "ops@example.com"];
    const options = { to, allowPrivateHosts: true };
    const at = { at: "recipient", address: "gone@example.com" } as const;
    const gone = await send({ hideSTARTTLS: true, refuse: { ...at, code: 550 } }, options);
    expect(gone.outcome).toEqual({ outcome: "sent" });
    expect(gone.received).toMatchObject([{ to: ["ops@example.com"] }]);
    const later = await send({ hideSTARTTLS: true, refuse: { ...at, code: 450 } }, options);
    expect(later.outcome).toMatchObject({ outcome: "failed" });
  });

  it("gives a message no way into the head, whatever it holds", async () => {
    const evil = "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u2028y\0";
    const given = { ...message, id: evil, kind: evil, title: evil, text: evil, fields: [{ name: evil, value: evil }] };
    const { outcome, received } = await send({ hideSTARTTLS: true }, { allowPrivateHosts: true }, given);
    expect(outcome).toEqual({ outcome: "sent" });
    expect(received).toMatchObject([{ to: ["ops@example.com"] }]);
    const { headers, body } = parse(received[0]?.raw ?? "");
    expect(headers.filter((header) => /^bcc/i.test(header))).toEqual([]);
    expect(headers.filter((header) => header.startsWith("Subject: "))).toHaveLength(1);
    const [, html = ""] = body.split("text/html");
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toContain("<script>");
  });

  it.each([
    "a@b.example\r\nBcc: c@d.example",
    "a@b.example, c@d.example",
    "Ada <a@b.example>, Eve <e@d.example>",
    'Ada" <a@b.example>',
    "Ada\n <a@b.example>",
    "<a@b.example> <c@d.example>",
    "a b@c.example",
    "a@",
    "@b.example",
    "ada",
    "",
  ])("refuses the address %j, in both places", (address) => {
    const url = "smtps://mail.example.com";
    expect(() => email({ url, from: address, to: "a@b.example" })).toThrow(/^The option from must be/);
    expect(() => email({ url, from: "a@b.example", to: [address] })).toThrow(/^The option to must be/);
  });

  it("refuses no address, and more than fifty", () => {
    for (const to of [[], Array.from({ length: 51 }, (_, n) => `a${n}@b.example`)]) {
      expect(() => email({ url: "smtps://h", from: "a@b.example", to })).toThrow(/1 to 50/);
    }
  });

  it("ends at the signal when the server hangs, and at the connection when there is none", async () => {
    const server = createServer();
    const connected = new Promise<void>((resolve) => server.once("connection", () => resolve()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const options = { url: `smtp://127.0.0.1:${port}`, from: "a@b.example", to: "c@d.example" };
    const controller = new AbortController();
    const sending = email(options).send(message, controller.signal);
    await connected;
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the sending was aborted" });
    await new Promise((resolve) => server.close(resolve));
    expect(await email(options).send(message, never)).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it("is not to be had outside Node", () => {
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    try {
      expect(() => email({ url: "smtps://h", from: "a@b.example", to: "c@d.example" })).toThrow(/use resend here/);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("sendEmailNotification", () => {
  it("mails at once", async () => {
    await using mail = await startMailServer({ hideSTARTTLS: true });
    const options = { url: `smtp://127.0.0.1:${mail.port}`, from: "a@b.example", to: "c@d.example", requireTls: false };
    expect(await sendEmailNotification(options, { title: "你好", text: "世界" })).toEqual({ outcome: "sent" });
    expect(mail.received).toHaveLength(1);
  });
});
