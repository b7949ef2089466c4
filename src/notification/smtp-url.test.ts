import { describe, expect, it } from "vitest";
import { parseSmtpUrl } from "./smtp-url.ts";

describe("an SMTP URL", () => {
  it.each([
    ["smtps://mail.example.com", { port: 465, secure: true, requireTls: true }],
    ["smtp://mail.example.com", { port: 587, secure: false, requireTls: true }],
    ["smtp://mail.example.com:2525/", { port: 2525, secure: false, requireTls: true }],
    ["smtp://[::1]:25", { host: "::1", port: 25, requireTls: true }],
    ["smtps://a%40b:p%3A%2F@h", { host: "h", user: "a@b", password: "p:/" }],
  ])("%s is read", (url, expected) => {
    expect(parseSmtpUrl({ url })).toMatchObject(expected);
  });

  it("needs TLS wherever there is a password, but on loopback in tests", () => {
    const url = "smtp://ada:hunter2@mail.example.com";
    expect(() => parseSmtpUrl({ url, requireTls: false })).toThrow(/has a password/);
    expect(() => parseSmtpUrl({ url, requireTls: false, allowPrivateHosts: true })).toThrow(/has a password/);
    const local = { url: "smtp://ada:hunter2@127.0.0.1", allowPrivateHosts: true };
    expect(parseSmtpUrl(local)).toMatchObject({ requireTls: false });
    expect(parseSmtpUrl({ url: "smtp://relay.internal", requireTls: false })).toMatchObject({ requireTls: false });
  });

  it.each([
    "",
    "mail.example.com",
    "https://ada:hunter2@mail.example.com",
    "smtp://",
    "smtp://ada:hunter2@mail.example.com/inbox",
    "smtp://ada:hunter2@mail.example.com?tls=no",
    "smtp://ada:hunter2%@mail.example.com",
    "smtp://ada:hunter2%0d%0aQUIT@mail.example.com",
    "smtp://ada:hunter2@mail%20example.com",
  ])("%j is refused, without its password in the error", (url) => {
    const parse = (): unknown => parseSmtpUrl({ url });
    expect(parse).toThrow(/^The SMTP URL /);
    expect(parse).not.toThrow(/hunter2/);
  });
});
