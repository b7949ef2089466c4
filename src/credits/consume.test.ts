import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

describe("consume", () => {
  it("works", async () => {
    expect(await ledger.credits.balance({ userId: "x" })).toMatchObject({ balance: 0 });
  });
});
