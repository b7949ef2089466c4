// docs/providers.md: the provider that it tells how to write is run as it stands on the page.
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { PaymentProvider } from "../../src/index.ts";
import { setUp } from "../flows/setup.ts";

const root = path.resolve(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "docs/providers.md"), "utf8");

async function providerOfThePage(): Promise<(secret: string) => PaymentProvider> {
  const code = [...page.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, text = ""]) => text)
    .find((text) => text.includes("acme("));
  const folder = mkdtempSync(path.join(tmpdir(), "tallystick-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entry = pathToFileURL(path.join(root, "src/index.ts")).href;
  const file = path.join(folder, "acme.ts");
  writeFileSync(file, (code ?? "").replace('from "tallystick"', `from ${JSON.stringify(entry)}`));
  return ((await import(file)) as { acme: (secret: string) => PaymentProvider }).acme;
}

it("the page's provider grants once, and takes back what is refunded, in any order", async () => {
  const acme = await providerOfThePage();
  const { tally } = await setUp({ payment: acme("acme-secret") });
  const order = {
    id: "o_1",
    buyer: "b_1",
    user: "ada",
    cents: 999,
    items: [{ price: "price_credits_basic", count: 2 }],
  };
  const send = async (event: object | null, secret = "acme-secret"): Promise<number> => {
    const body = event === null ? "no JSON" : JSON.stringify({ ...event, order });
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const headers = { "acme-signature": signature };
    const url = "http://localhost/api/webhooks/acme";
    return (await tally.handlers.webhook(new Request(url, { method: "POST", body, headers }))).status;
  };
  expect(await send({ id: "e_0", type: "order.paid" }, "another")).toBe(400);
  expect(await send(null)).toBe(400);
  expect(await send({ id: "e_1", type: "order.refunded" })).toBe(200);
  await tally.drain();
  for (const id of ["e_2", "e_2", "e_3"]) expect(await send({ id, type: "order.paid" })).toBe(200);
  expect(await send({ id: "e_4", type: "order.shipped" })).toBe(200);
  await tally.drain();
  await tally.drain();
  const { items } = await tally.credits.history({ userId: "ada" });
  expect(items.map(({ amount }) => amount)).toEqual([-200, 200]);
  expect((await tally.events.list()).items.map(({ status }) => status)).toEqual([
    "ignored",
    "processed",
    "processed",
    "processed",
  ]);
});
