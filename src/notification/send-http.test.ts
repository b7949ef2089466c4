import { describe, expect, it } from "vitest";
import { startReceiver } from "../../test/receiver.ts";
import { describeAnswer, outcomeOfStatus, postJson, secretsOf } from "./send-http.ts";

const never = new AbortController().signal;

function answer(status: number, body = "", headers: Record<string, string> = {}) {
  return { outcome: "answered" as const, status, headers: new Headers(headers), body };
}

describe("postJson", () => {
  it("posts the body as JSON and answers status, headers and body", async () => {
    await using receiver = await startReceiver({ status: 418, headers: { "x-a": "b" }, body: "short" });
    const result = await postJson({ url: new URL("/p?q=1", receiver.origin), body: '{"a":"é"}', signal: never });
    expect(result).toMatchObject({ outcome: "answered", status: 418, body: "short" });
    expect(receiver.received[0]).toMatchObject({
      method: "POST",
      path: "/p?q=1",
      body: '{"a":"é"}',
      headers: { "content-type": "application/json; charset=utf-8", "user-agent": "tallystick" },
    });
  });

  it("ends at its own time-out", async () => {
    await using receiver = await startReceiver("hang");
    const result = await postJson({ url: new URL(receiver.origin), body: "{}", signal: never, timeoutMs: 50 });
    expect(result).toEqual({ outcome: "failed", reason: "no answer within 50 ms" });
  });

  it("ends at the caller's signal", async () => {
    await using receiver = await startReceiver("hang");
    const controller = new AbortController();
    const sending = postJson({ url: new URL(receiver.origin), body: "{}", signal: controller.signal });
    await receiver.nextRequest();
    controller.abort();
    expect(await sending).toEqual({ outcome: "failed", reason: "the request was aborted" });
  });

  it("answers the status when the body stops half way", async () => {
    await using receiver = await startReceiver("hang after headers");
    const controller = new AbortController();
    const abortAfterHeaders: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      controller.abort();
      return response;
    };
    const url = new URL(receiver.origin);
    const result = await postJson({ url, body: "{}", signal: controller.signal, fetch: abortAfterHeaders });
    expect(result).toMatchObject({ outcome: "answered", status: 200 });
  });

  it("answers a failure when the connection is cut or refused", async () => {
    const receiver = await startReceiver("reset");
    const url = new URL("/hook/very-secret-token", receiver.origin);
    const cut = await postJson({ url, body: "{}", signal: never });
    expect(cut).toMatchObject({ outcome: "failed", reason: expect.stringMatching(/^network error: \S+/) });
    await receiver[Symbol.asyncDispose]();
    const refused = await postJson({ url, body: "{}", signal: never });
    expect(refused).toEqual({ outcome: "failed", reason: "network error: ECONNREFUSED" });
  });

  it("answers a failure when a given fetch throws, without the URL's secrets", async () => {
    const url = new URL("https://discord.com/api/webhooks/1/very-secret-token");
    const broken = () => {
      throw new Error(`can't reach ${url.href} (very-secret-token)`);
    };
    expect(await postJson({ url, body: "{}", signal: never, fetch: broken })).toEqual({
      outcome: "failed",
      reason: "network error: can't reach https://discord.com/… (…)",
    });
  });

  it("reads at most 64 KB of the answer", async () => {
    await using receiver = await startReceiver({ body: "x".repeat(1_000_000) });
    const result = await postJson({ url: new URL(receiver.origin), body: "{}", signal: never });
    expect(result).toMatchObject({ outcome: "answered", body: "x".repeat(64 * 1024) });
  });

  it("does not follow redirects", async () => {
    await using target = await startReceiver({});
    await using receiver = await startReceiver({ status: 307, headers: { location: target.origin } });
    const result = await postJson({ url: new URL(receiver.origin), body: "{}", signal: never });
    expect(result).toMatchObject({ outcome: "answered", status: 307 });
    expect(target.received).toEqual([]);
  });
});

describe("outcomeOfStatus", () => {
  it.each([
    [200, "sent"],
    [204, "sent"],
    [0, "failed"],
    [302, "failed"],
    [400, "rejected"],
    [401, "rejected"],
    [403, "rejected"],
    [404, "rejected"],
    [408, "failed"],
    [410, "rejected"],
    [425, "failed"],
    [429, "rate_limited"],
    [500, "failed"],
    [503, "failed"],
  ])("takes HTTP %i as %s", (status, outcome) => {
    expect(outcomeOfStatus(answer(status), []).outcome).toBe(outcome);
  });

  it.each([
    ["2", 2000],
    ["0.35", 350],
    ["0", 100],
    ["-5", 100],
    ["nonsense", 5000],
    ["99999999", 86_400_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 100],
  ])("reads Retry-After %j as %i ms", (header, retryAfterMs) => {
    expect(outcomeOfStatus(answer(429, "", { "retry-after": header }), [])).toMatchObject({ retryAfterMs });
  });

  it("reads Retry-After as a date", () => {
    const inOneHour = new Date(Date.now() + 3_600_000).toUTCString();
    const outcome = outcomeOfStatus(answer(429, "", { "retry-after": inOneHour }), []);
    expect(outcome).toMatchObject({ outcome: "rate_limited" });
    const ms = outcome.outcome === "rate_limited" ? outcome.retryAfterMs : 0;
    expect(ms).toBeGreaterThan(3_500_000);
    expect(ms).toBeLessThanOrEqual(3_600_000);
  });
});

describe("a reason", () => {
  it("carries no secret of the URL, not even one that the cut would halve", () => {
    const secret = "token".repeat(20);
    const url = new URL(`https://discord.com/api/webhooks/123456789012345678/${secret}`);
    const body = `${"x".repeat(150)} ${secret} 123456789012345678`;
    const reason = describeAnswer(answer(404, body), secretsOf(url));
    expect(reason).toBe(`HTTP 404: ${"x".repeat(150)} … …`);
  });

  it("is one short line without control characters", () => {
    const reason = describeAnswer(answer(500, `a\u0000b\r\n\tc ${"x".repeat(5000)}`), []);
    expect(reason).toMatch(/^HTTP 500: a b c x+…$/);
    expect(reason.length).toBeLessThan(230);
  });

  it("says that a redirect was not followed", () => {
    expect(describeAnswer(answer(302), [])).toBe("HTTP 302, redirects are not followed");
  });
});
