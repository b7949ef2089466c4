// The signature table: what is signed with the official SDK's test helper, and what must happen to it.
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import { isTallystickError } from "../../../kernel/errors.ts";
import { stripe } from "../stripe.ts";

const secret = "whsec_current";
const oldSecret = "whsec_rolled_out";
const now = 1_800_000_000;
const body = JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid", data: { object: { id: "in_1" } } });

interface Signing {
  readonly with?: string;
  readonly at?: number;
  readonly payload?: string;
  readonly scheme?: string;
}

function sign(signing: Signing = {}): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload: signing.payload ?? body,
    secret: signing.with ?? secret,
    timestamp: signing.at ?? now,
    scheme: signing.scheme ?? "v1",
  });
}

function signatureOf(header: string): string {
  return header.slice(header.indexOf("v1=") + 3);
}

async function verify(header: string | null, webhookSecrets: string | readonly string[] = secret, sent = body) {
  const provider = stripe({ webhookSecrets, now: () => now * 1000 + 999 });
  const headers = new Headers(header === null ? {} : { "stripe-signature": header });
  return provider.verify(new TextEncoder().encode(sent), headers);
}

async function refusal(...input: Parameters<typeof verify>) {
  const error: unknown = await verify(...input).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isTallystickError(error)) throw new Error("the event was taken", { cause: error });
  return { code: error.code, message: error.message };
}

describe("a signature is taken", () => {
  it.each([
    ["when it is right", sign(), secret],
    ["when it is 300 s old", sign({ at: now - 300 }), secret],
    ["when it is 300 s in the future", sign({ at: now + 300 }), secret],
    ["when the second of two v1 matches", `t=${now},v1=${"0".repeat(64)},v1=${signatureOf(sign())}`, secret],
    ["when a v0 stands beside it", `${sign()},v0=${"0".repeat(64)}`, secret],
    ["when the secret is the second of a list", sign({ with: oldSecret }), [secret, oldSecret]],
    ["when the secret is one of a comma-separated text", sign({ with: oldSecret }), ` ${secret} ,, ${oldSecret}\n`],
    ["when both of two rolled secrets signed", `${sign({ with: oldSecret })},v1=${signatureOf(sign())}`, secret],
  ])("%s", async (_, header, secrets) => {
    await expect(verify(header, secrets)).resolves.toMatchObject({ id: "evt_1", type: "invoice.paid" });
  });
});

describe("a signature is refused", () => {
  const unmatched = /matches none of the configured/;
  const malformed = /no well-formed v1/;
  it.each<[string, string | null, string | readonly string[], RegExp]>([
    ["when the header is missing", null, secret, /header is missing/],
    ["when the header is empty", "", secret, /header is missing/],
    ["when another secret signed", sign({ with: "whsec_other" }), secret, unmatched],
    ["when a secret that is no longer listed signed", sign({ with: oldSecret }), secret, unmatched],
    ["when another body was signed", sign({ payload: `${body} ` }), secret, unmatched],
    ["when the timestamp is not the signed one", sign().replace(`t=${now}`, `t=${now - 1}`), secret, unmatched],
    ["when it is 301 s old", sign({ at: now - 301 }), secret, /older than 300 seconds/],
    ["when it is 301 s in the future", sign({ at: now + 301 }), secret, /in the future/],
    ["when only a v0 stands there", sign({ scheme: "v0" }), secret, malformed],
    ["when its hex is in upper case", `t=${now},v1=${signatureOf(sign()).toUpperCase()}`, secret, malformed],
    ["when a space stands before v1", sign().replace(",", ", "), secret, malformed],
    ["when it is empty", `t=${now},v1=`, secret, malformed],
    ["when there is no timestamp", `v1=${signatureOf(sign())}`, secret, /no single timestamp/],
    ["when there are two timestamps", `t=${now - 9000},${sign()}`, secret, /no single timestamp/],
    ["when the timestamp is no number", sign().replace(`t=${now}`, `t=${now}x`), secret, /no single timestamp/],
    ["when the header is anything else", "Bearer whatever", secret, /no single timestamp/],
    ["when no secret is configured", sign(), [], /No webhook secret is configured/],
    ["when the only secret is empty", sign(), "", /No webhook secret is configured/],
    ["when all secrets are blank", sign(), [" ", ",", "\n"], /No webhook secret is configured/],
  ])("%s", async (_, header, secrets, message) => {
    const { code, message: said } = await refusal(header, secrets);
    expect(code).toBe("invalid_signature");
    expect(said).toMatch(message);
    expect(said).not.toContain("whsec_");
    expect(said).not.toMatch(/[0-9a-f]{64}/i);
  });

  it("also when the body is none at all", async () => {
    expect(await refusal(sign(), secret, "")).toMatchObject({ code: "invalid_signature" });
  });
});

describe("a verified body that is no snapshot event is a bad request", () => {
  it.each([
    ["a thin event", '{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error"}', /thin event/],
    ["no JSON", "hello", /no JSON/],
    ["an empty body", "", /no JSON/],
    ["an array", "[]", /no JSON object/],
    ["null", "null", /no JSON object/],
    ["an object without an id", '{"type":"invoice.paid"}', /no id or no type/],
    ["an object without a type", '{"id":"evt_1"}', /no id or no type/],
    ["an id that is no text", '{"id":1,"type":"invoice.paid"}', /no id or no type/],
    ["another object of the API", '{"id":"in_1","object":"invoice","type":"x"}', /another kind/],
  ])("%s", async (_, payload, message) => {
    const { code, message: said } = await refusal(sign({ payload }), secret, payload);
    expect(code).toBe("invalid_request");
    expect(said).toMatch(message);
  });

  it("bytes that are no UTF-8", async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    const headers = new Headers({ "stripe-signature": sign({ payload: new TextDecoder().decode(bytes) }) });
    const verified = stripe({ webhookSecrets: secret, now: () => now * 1000 }).verify(bytes, headers);
    await expect(verified).rejects.toMatchObject({ code: "invalid_request" });
  });
});
