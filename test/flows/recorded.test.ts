// Recorded payloads of Stripe, old and new, through the webhook: same ledger for the same purchase, and no surprise.
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { defineCatalog, type Tallystick } from "../../src/index.ts";
import { recordedStripe } from "../fixtures/stripe.ts";
import { createTestEngine, sendEvent, uniqueId } from "../support/engine.ts";
import { journal, setUp } from "./setup.ts";

interface Recorded {
  readonly type: string;
  readonly api_version: string;
  readonly data: { readonly object: Record<string, unknown> };
}

const old = recordedStripe("stripe-sync-engine/invoice_paid.json") as Recorded;
const { data: clover } = recordedStripe("zulip-2025-11-17.clover/add_minimum_licenses--Event.list.3.json") as {
  data: Recorded[];
};
const catalog = defineCatalog({
  packs: ["price_1IDQm5JDPojXS6LNM31hxKzp", "price_NORMALIZED"].map((priceId) => ({
    id: priceId,
    name: "Recorded",
    credits: 40,
    priceId,
  })),
});

describe("invoice.paid as recorded", () => {
  it("before and after API 2025-03-31 gives the same ledger for the same lines", async () => {
    const journals = [];
    for (const recorded of [old, clover.find(({ type }) => type === "invoice.paid")]) {
      if (recorded === undefined) throw new Error("the recording has no invoice.paid");
      const { tally, sql } = await setUp({ catalog });
      const object = structuredClone(recorded.data.object);
      // The old recording is of a free plan; its line gets the price and the number that the new one has.
      const [line] = (object["lines"] as { data: Record<string, unknown>[] }).data;
      Object.assign(line ?? {}, { amount: 100_000, quantity: 25 });
      await tally.payment.linkCustomer({ customerId: String(object["customer"]), userId: "ada" });
      expect((await sendEvent(tally, { type: recorded.type, object, apiVersion: recorded.api_version })).status).toBe(
        200,
      );
      expect(await tally.drain()).toMatchObject({ processed: 1, done: 1 });
      expect((await tally.credits.audit()).ok).toBe(true);
      journals.push(await journal(sql));
    }
    expect(journals[0]).toEqual([{ user_id: "ada", type: "purchase_package", amount: 1000 }]);
    expect(journals[1]).toEqual(journals[0]);
  });
});

describe("every recorded event", () => {
  const folder = new URL("../fixtures/stripe/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  const events = files.flatMap((file): [string, Recorded][] => {
    const content = recordedStripe(file) as Recorded & { data: Recorded[] };
    const list = Array.isArray(content.data) ? content.data : [content];
    return list.filter(({ type }) => typeof type === "string").map((event) => [`${file} ${event.type}`, event]);
  });

  let tally: Tallystick;
  beforeAll(async () => {
    ({ tally } = await createTestEngine());
    return async () => tally.close();
  });

  it.each(events)(
    "%s is answered 200 and has its effect, none, or a reason that a person can act on",
    async (_, event) => {
      const customer = (event.data.object as { customer?: unknown }).customer;
      if (typeof customer === "string") await tally.payment.linkCustomer({ customerId: customer, userId: "ada" });
      const response = await sendEvent(tally, { type: event.type, object: event.data.object, id: uniqueId("evt") });
      expect(response.status).toBe(200);
      await tally.drain();
      const [stored] = (await tally.events.list()).items;
      const task = stored?.status === "pending" ? await tally.tasks.get(stored.taskId ?? "") : null;
      expect(task?.lastError ?? stored?.status).toMatch(/^(processed|ignored)$|replay\.$|grant by hand/);
    },
  );
});
