// Stored events without personal data: recorded ones of many API versions tell the same facts as before.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { withoutPersonalData } from "./personal-data.ts";
import { factsOf, isHandled } from "./provider/stripe/facts.ts";
import { record, type Json } from "./provider/stripe/read.ts";

const folder = path.resolve(import.meta.dirname, "../../test/fixtures/stripe");
const recorded = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .map((file): [string, Json] => [file, record(JSON.parse(readFileSync(path.join(folder, file), "utf8")))])
  .filter(([, event]) => isHandled(String(event["type"])));

const context = { api: null, attempt: 1, mayAssume: true, signal: new AbortController().signal };

async function factsOrError(event: Json): Promise<unknown> {
  try {
    return await factsOf(String(event["type"]), record(record(event["data"])["object"]), context);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe("an event without personal data", () => {
  it("is tried on recordings", () => {
    expect(recorded.length).toBeGreaterThan(10);
  });

  it.each(recorded)("tells the same facts: %s", async (_, event) => {
    const cleaned = record(withoutPersonalData(event, { userIds: ["nobody"], alias: "erased:1", personalFields: [] }));
    expect(await factsOrError(cleaned)).toEqual(await factsOrError(event));
    expect(JSON.stringify(cleaned)).not.toMatch(/@[\w-]+\.\w|"(?:line1|postal_code|last4|exp_year)"/);
  });

  it("names the alias where it named the user, keeps what the server wrote of prices, and drops other metadata", () => {
    const event = {
      data: {
        object: {
          client_reference_id: "ada",
          metadata: { userId: "ada", priceId: "price_1", note: "Ada's birthday" },
          lines: { data: [{ id: "il_1", metadata: { userId: "bob" }, description: "for ada" }] },
          customer_details: { email: "ada@example.com" },
        },
      },
    };
    expect(withoutPersonalData(event, { userIds: ["ada"], alias: "erased:1", personalFields: [] })).toEqual({
      data: {
        object: {
          client_reference_id: "erased:1",
          metadata: { userId: "erased:1", priceId: "price_1" },
          lines: { data: [{ id: "il_1", metadata: { userId: "bob" } }] },
        },
      },
    });
  });
});
