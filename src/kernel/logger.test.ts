import { describe, expect, it } from "vitest";
import { redact } from "./logger.ts";

describe("redact", () => {
  it.each([
    ["POST https://hooks.slack.com/services/T0/B0/secret failed", "POST https://hooks.slack.com/… failed"],
    ["https://ann:sesame@example.com:8443/path?token=secret#x", "https://example.com:8443/…"],
    ["postgres://ann:ses@me@db.example.com:5432/app?sslmode=require refused", "postgres://… refused"],
    ["postgresql://ann:sesame@localhost/app", "postgres://…"],
    ["HTTPS://ann:ses@me@example.com/path", "HTTPS://example.com/…"],
    ["authorization: bearer abc", "authorization: bearer …"],
    ["Invalid API Key provided: sk_live_51Abc", "Invalid API Key provided: sk_…"],
    ["signed with whsec_ab+cd/ef-gh== today", "signed with whsec_… today"],
    ["rk_test_x pk_test_y whsec_z", "rk_… pk_… whsec_…"],
    ["authorization: Bearer abc.def-ghi_jkl=", "authorization: Bearer …"],
    ['{"authorization":"Basic dXNlcjpwYXNz"}', '{"authorization":"Basic …"}'],
  ])("takes the secret out of: %s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("takes out every secret of a text, over lines", () => {
    const text = ["sk_live_1", "https://a.example/1 https://b.example/2", "Bearer x"].join("\n");
    expect(redact(text)).toBe("sk_…\nhttps://a.example/… https://b.example/…\nBearer …");
  });

  it("takes out whose a mail address is, and is quick with what is none", () => {
    expect(redact('550 <Ada.Lovelace+x@mail.example.co.uk> unknown, "zoë@example.com"')).toBe(
      '550 <…@mail.example.co.uk> unknown, "…@example.com"',
    );
    const long = "a".repeat(200_000);
    expect(redact(long)).toBe(long);
  });

  it("leaves other text as it is", () => {
    const text = "Account ann has 3 credits @ 2 each. Basically fine, risk_free. Mention @everyone, npm i x@latest.";
    expect(redact(text)).toBe(text);
  });
});
