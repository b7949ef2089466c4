import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.credits.grant({
    userId: "ann",
    amount: 10,
    type: "adjustment",
    actor: "admin",
    idempotencyKey: "k",
    description: "Ann's",
    metadata: { name: "Ann" },
  });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const refused = { code: "23001", message: expect.stringContaining("append-only") };

describe("the journal", () => {
  it.each([
    "amount = amount + 1",
    "balance_after = 0",
    "type = 'register_gift'",
    "seq = seq + 1",
    "account_id = account_id + 1",
    "operation_id = 0",
    "created_at = created_at - interval '1 day'",
    "idempotency_key = null, request_hash = null",
    "request_hash = 'x'",
    "payment_id = 1",
    "provider = 'x', fact = 'y'",
    "actor = null",
    "answered_balance = 0",
    "refund_of_id = 1",
    "description = null, amount = 11",
    "description = 'forged'",
    `metadata = '{"name": "Bob"}'`,
  ])("refuses the change: %s", async (change) => {
    await expect(ledger.database.query(`update tallystick.credit_transaction set ${change}`)).rejects.toMatchObject(
      refused,
    );
  });

  it("refuses to lose an entry", async () => {
    await expect(ledger.database.query("delete from tallystick.credit_transaction")).rejects.toMatchObject(refused);
    await expect(ledger.database.query("truncate tallystick.credit_transaction")).rejects.toMatchObject(refused);
    await expect(ledger.database.query("truncate tallystick.credit_transaction cascade")).rejects.toMatchObject(
      refused,
    );
  });

  it("lets personal text be erased", async () => {
    await ledger.database.query("update tallystick.credit_transaction set description = null, metadata = null");
    expect((await ledger.credits.history({ userId: "ann" })).items).toMatchObject([{ amount: 10, description: null }]);
  });
});
