// The signature table, and that Paddle's own SDK takes and refuses the same.
import { Paddle } from "@paddle/paddle-node-sdk";
import { describe, expect, it } from "vitest";
import { adjustment, subscription, transaction } from "../../../../test/payment-conformance/paddle-objects.ts";
import { paddleBody, paddleHash, paddleSignature } from "../../../../test/support/paddle.ts";
import { isTallystickError } from "../../../kernel/errors.ts";
import { paddle } from "../paddle.ts";

const secret = "pdl_ntfset_current";
const oldSecret = "pdl_ntfset_replaced";
const now = 1_800_000_000;
const lines = [{ priceId: "price_1" }];
const data = { ...transaction({ id: "txn_1", lines }), custom_data: { note: "Ünï 😀" } };
const body = paddleBody({ type: "transaction.completed", data, eventId: "evt_1" });

interface Signing {
  readonly secret?: string;
  readonly at?: number;
}

const hash = (signing: Signing = {}): string => paddleHash(body, { secret, at: now, ...signing });
const sign = (signing: Signing = {}): string => paddleSignature(body, { secret, at: now, ...signing });

interface Verifying {
  readonly webhookSecrets?: string | readonly string[];
  readonly sent?: string;
  readonly toleranceSeconds?: number;
  readonly now?: () => number;
}

async function verify(header: string | null, { webhookSecrets = secret, sent = body, ...options }: Verifying = {}) {
  const provider = paddle({ webhookSecrets, now: () => now * 1000 + 999, ...options });
  const headers = new Headers(header === null ? {} : { "paddle-signature": header });
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
  it.each<[string, string, Verifying]>([
    ["when it is right", sign(), {}],
    ["when it is 300 s old", sign({ at: now - 300 }), {}],
    ["when it is 300 s in the future", sign({ at: now + 300 }), {}],
    ["when the first of two h1 matches", `ts=${now};h1=${hash()};h1=${"0".repeat(64)}`, {}],
    ["when the second of two h1 matches", `ts=${now};h1=${"0".repeat(64)};h1=${hash()}`, {}],
    ["when something unknown stands beside it", `${sign()};h2=${"0".repeat(64)}`, {}],
    ["when the secret is the second of a list", sign({ secret: oldSecret }), { webhookSecrets: [secret, oldSecret] }],
    [
      "when the secret is one of a comma-separated text",
      sign({ secret: oldSecret }),
      { webhookSecrets: ` ${secret} ,, ${oldSecret}\n` },
    ],
    ["within a tolerance of 5 s", sign({ at: now - 5 }), { toleranceSeconds: 5 }],
  ])("%s", async (_, header, options) => {
    await expect(verify(header, options)).resolves.toMatchObject({ id: "evt_1", type: "transaction.completed" });
  });
});

describe("a signature is refused", () => {
  it.each<[string, string | null, Verifying]>([
    ["when there is none", null, {}],
    ["when it is empty", "", {}],
    ["when it is nonsense", "nonsense", {}],
    ["without a time", `h1=${hash()}`, {}],
    ["with two times", `ts=${now};ts=${now};h1=${hash()}`, {}],
    ["with a time that is no number", `ts=now;h1=${hash()}`, {}],
    ["without a hash", `ts=${now}`, {}],
    ["with a short hash", `ts=${now};h1=${hash().slice(1)}`, {}],
    ["in upper case", `ts=${now};h1=${hash().toUpperCase()}`, {}],
    ["of another secret", sign({ secret: "pdl_ntfset_other" }), {}],
    ["of the empty secret", sign({ secret: "" }), { webhookSecrets: ["", " "] }],
    ["when no secret is configured", sign(), { webhookSecrets: [] }],
    ["for another time", sign().replace(String(now), String(now + 1)), {}],
    ["for another body", sign(), { sent: `${body} ` }],
    ["when it is 301 s old", sign({ at: now - 301 }), {}],
    ["when it is 301 s in the future", sign({ at: now + 301 }), {}],
    ["beyond a tolerance of 5 s", sign({ at: now - 6 }), { toleranceSeconds: 5 }],
  ])("%s, without naming a secret", async (_, header, options) => {
    const { code, message } = await refusal(header, options);
    expect(code).toBe("invalid_signature");
    expect(message).not.toMatch(/pdl_ntfset/);
  });
});

describe("a configuration is refused", () => {
  it.each([{ toleranceSeconds: 0 }, { toleranceSeconds: 1.5 }, { apiBase: "paddle.com" }, { apiBase: "https://a/b" }])(
    "%j",
    (options) => {
      expect(() => paddle({ webhookSecrets: secret, ...options })).toThrow(/Paddle's/);
    },
  );
});

describe("Paddle's own SDK", () => {
  const { webhooks } = new Paddle("unused");
  const atOnce = (): Signing => ({ at: Math.floor(Date.now() / 1000) });

  it.each<[string, { readonly id: string }]>([
    ["transaction.completed", data],
    ["subscription.updated", subscription({ id: "sub_1", customer: "ctm_1", status: "active", version: 1 })],
    ["adjustment.created", adjustment({ id: "adj_1", transaction: "txn_1", amount: 5 })],
  ])("takes a signed %s that is taken here, and reads the same of it", async (type, object) => {
    const sent = paddleBody({ type, data: object });
    const header = paddleSignature(sent, { secret, ...atOnce() });
    const theirs = await webhooks.unmarshal(sent, secret, header);
    const ours = await verify(header, { sent, now: Date.now });
    expect(theirs).toMatchObject({ eventId: ours.id, eventType: ours.type, data: { id: object.id } });
  });

  it.each<[string, (header: string) => [string, string]]>([
    ["another secret", () => [body, paddleSignature(body, { ...atOnce(), secret: "pdl_ntfset_other" })]],
    ["a changed body", (header) => [body.replace("txn_1", "txn_2"), header]],
    ["another hash", (header) => [body, header.replace(/h1=.{4}/, "h1=0000")]],
    ["no hash", (header) => [body, header.split(";")[0] ?? ""]],
  ])("refuses %s as it is refused here", async (_, change) => {
    const [sent, header] = change(sign(atOnce()));
    await expect(webhooks.unmarshal(sent, secret, header)).rejects.toThrow(/signature/);
    expect((await refusal(header, { sent, now: Date.now })).code).toBe("invalid_signature");
  });
});
