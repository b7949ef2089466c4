// Seals: what they prove, what they find, and that sealing may be stopped, doubled and continued under another key.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLedger, plant, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { audit } from "./audit.ts";
import { seal } from "./seal.ts";
import { sealKeys, type SealKeys } from "./seal/keys.ts";

const keys = sealKeys({ keyId: "2026", key: "an old key of thirty-two characters" });
const newer = sealKeys({
  keyId: "2027",
  key: "a new key of thirty-two characters.",
  olderKeys: { "2026": "an old key of thirty-two characters" },
});
const foreign = sealKeys({ keyId: "2026", key: "a foreign key of 32 characters, at least" });

let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger();
  for (const userId of ["ann", "ben"]) {
    await ledger.credits.grant({ userId, amount: 100, type: "adjustment", description: "a name" });
    for (const amount of [1, 2, 3]) await ledger.credits.consume({ userId, amount, metadata: { about: userId } });
  }
});
afterEach(async () => ledger[Symbol.asyncDispose]());

const ann = "(select id from tallystick.user_credit where user_id = 'ann')";

async function sealed(): Promise<void> {
  await seal(ledger.database, keys);
}

/** Seals the accounts one by one with two entries each, so that every account has two seals. */
async function sealedTwice(): Promise<void> {
  await sealed();
  for (const userId of ["ann", "ben"]) {
    await ledger.credits.consume({ userId, amount: 4 });
    await ledger.credits.consume({ userId, amount: 5 });
  }
  await sealed();
}

/** What the seals say, without the other equations. */
async function verdict(with_: SealKeys = keys): Promise<{ unsealed: number | undefined; details: string[] }> {
  const { violations, seals } = await audit(ledger.database, { equations: ["10"] }, with_);
  return {
    unsealed: seals?.unsealed,
    details: violations.map(({ userId, detail }) => `${userId} ${detail}`),
  };
}

describe("sealing", () => {
  it("signs every entry once, and then only what is new", async () => {
    expect(await seal(ledger.database, keys)).toEqual({ sealed: 2, entries: 8, torn: 0, complete: true });
    expect(await seal(ledger.database, keys)).toEqual({ sealed: 0, entries: 0, torn: 0, complete: true });
    await ledger.credits.consume({ userId: "ben", amount: 1 });
    expect(await seal(ledger.database, keys)).toEqual({ sealed: 1, entries: 1, torn: 0, complete: true });
    expect(await verdict()).toEqual({ unsealed: 0, details: [] });
  });

  it("twice at once, beside those who spend, seals every entry once", async () => {
    const spending = Array.from({ length: 20 }, async () => ledger.credits.consume({ userId: "ann", amount: 1 }));
    await Promise.all([...spending, sealed(), sealed(), sealed()]);
    await sealed();
    expect(await verdict()).toEqual({ unsealed: 0, details: [] });
  });

  it("stopped by its budget goes on from there", async () => {
    const first = await seal(ledger.database, keys, { budgetMs: 0, batchSize: 1 });
    expect(first).toEqual({ sealed: 1, entries: 4, torn: 0, complete: false });
    expect(await verdict()).toEqual({ unsealed: 4, details: [] });
    expect(await seal(ledger.database, keys, { batchSize: 1 })).toMatchObject({ sealed: 1, complete: true });
    expect(await verdict()).toEqual({ unsealed: 0, details: [] });
  });

  it("does not sign a range that has lost an entry", async () => {
    await plant(ledger.url, `delete from tallystick.credit_transaction where account_id = ${ann} and seq = 2`);
    expect(await seal(ledger.database, keys)).toEqual({ sealed: 1, entries: 4, torn: 1, complete: true });
    expect((await audit(ledger.database, {}, keys)).violations.map(({ equation }) => equation)).toContain(
      "entries_are_numbered_without_gaps",
    );
  });

  it("is refused for keys that are short, nameless, or named twice", () => {
    const key = "k".repeat(32);
    for (const options of [
      { keyId: "a", key: "short" },
      { keyId: "", key },
      { keyId: "a\nb", key },
      { keyId: "a", key, olderKeys: { a: key } },
      { keyId: "a", key, olderKeys: { b: "short" } },
    ]) {
      expect(() => sealKeys(options)).toThrow(/seal/);
    }
  });
});

describe("seals", () => {
  it("stay true when descriptions and metadata are erased", async () => {
    await sealed();
    await ledger.database.query("update tallystick.credit_transaction set description = null, metadata = null");
    expect(await verdict()).toEqual({ unsealed: 0, details: [] });
  });

  it("stay true when accounts are merged, and when a user id is replaced", async () => {
    await sealed();
    await ledger.credits.merge({ fromUserId: "ann", toUserId: "ben", actor: "test", reason: "one person" });
    await ledger.database.query("update tallystick.user_credit set user_id = 'erased' where user_id = 'ann'");
    await sealed();
    expect(await verdict()).toEqual({ unsealed: 0, details: [] });
  });

  it("are verified with the key that signed them after another one has taken its place", async () => {
    await sealed();
    await ledger.credits.consume({ userId: "ann", amount: 4 });
    await seal(ledger.database, newer);
    expect(await verdict(newer)).toEqual({ unsealed: 0, details: [] });
    expect((await verdict()).details).toEqual(["ann seal of entries 5 to 5: its key 2027 is not configured"]);
  });

  it("say how many entries none of them covers yet", async () => {
    await sealed();
    await ledger.credits.consume({ userId: "ann", amount: 4 });
    expect(await verdict()).toEqual({ unsealed: 1, details: [] });
  });

  const signed = "its entries, or a seal, are not what was signed";
  const faults: readonly { fault: string; sql: readonly string[]; details: readonly string[] }[] = [
    {
      fault: "an amount that was altered",
      sql: [`update tallystick.credit_transaction set amount = -9 where account_id = ${ann} and seq = 2`],
      details: [`ann seal of entries 1 to 4: ${signed}`],
    },
    {
      fault: "a type that was altered",
      sql: [`update tallystick.credit_transaction set type = 'expire' where account_id = ${ann} and seq = 2`],
      details: [`ann seal of entries 1 to 4: ${signed}`],
    },
    {
      fault: "a time that was altered by a microsecond",
      sql: [
        `update tallystick.credit_transaction set created_at = created_at + interval '1 microsecond' where account_id = ${ann} and seq = 5`,
      ],
      details: [`ann seal of entries 5 to 6: ${signed}`],
    },
    {
      fault: "an id that was altered",
      sql: [
        `alter table tallystick.credit_transaction alter id drop identity`,
        `update tallystick.credit_transaction set id = id + 1000 where account_id = ${ann} and seq = 2`,
      ],
      details: [`ann seal of entries 1 to 4: ${signed}`],
    },
    {
      fault: "an entry that was removed",
      sql: [`delete from tallystick.credit_transaction where account_id = ${ann} and seq = 3`],
      details: ["ann seal of entries 1 to 4: 4 entries were sealed and there are 3"],
    },
    {
      fault: "an entry that was removed with all that came after it",
      sql: [`delete from tallystick.credit_transaction where account_id = ${ann} and seq >= 4`],
      details: [
        "ann seal of entries 1 to 4: 4 entries were sealed and there are 3",
        "ann seal of entries 5 to 6: 2 entries were sealed and there are 0",
      ],
    },
    {
      fault: "an entry that was slipped in, with the later ones renumbered",
      sql: [
        `drop index tallystick.credit_transaction_account_seq_key`,
        `update tallystick.credit_transaction set seq = seq + 1 where account_id = ${ann} and seq > 2`,
        `insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
         values (${ann}, 3, -1, 0, 1, now(), 'usage')`,
      ],
      details: [`ann seal of entries 1 to 4: ${signed}`, `ann seal of entries 5 to 6: ${signed}`],
    },
    {
      fault: "an entry that was added under a number that exists",
      sql: [
        `drop index tallystick.credit_transaction_account_seq_key`,
        `insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
         values (${ann}, 2, -1, 0, 1, now(), 'usage')`,
      ],
      details: ["ann seal of entries 1 to 4: 4 entries were sealed and there are 5"],
    },
    {
      fault: "two entries that changed places",
      sql: [
        `drop index tallystick.credit_transaction_account_seq_key`,
        `update tallystick.credit_transaction set seq = 5 - seq where account_id = ${ann} and seq in (2, 3)`,
      ],
      details: [`ann seal of entries 1 to 4: ${signed}`],
    },
    {
      fault: "an entry of another account in one's place",
      sql: [
        `drop index tallystick.credit_transaction_account_seq_key`,
        `update tallystick.credit_transaction set account_id = 3 - account_id where seq = 2 and account_id in (1, 2)`,
      ],
      details: [`ann seal of entries 1 to 4: ${signed}`, `ben seal of entries 1 to 4: ${signed}`],
    },
    {
      fault: "a seal that was removed before another one",
      sql: [`delete from tallystick.credit_seal where account_id = ${ann} and from_seq = 1`],
      details: ["ann seal of entries 5 to 6: the seals of entries 1 to 4 are missing"],
    },
    {
      fault: "a seal that was altered, and by that the chain to the next",
      sql: [`update tallystick.credit_seal set seal = sha256(seal) where account_id = ${ann} and from_seq = 1`],
      details: [`ann seal of entries 1 to 4: ${signed}`, `ann seal of entries 5 to 6: ${signed}`],
    },
    {
      fault: "a seal whose range was made shorter",
      sql: [`update tallystick.credit_seal set to_seq = 3 where account_id = ${ann} and from_seq = 1`],
      details: [
        `ann seal of entries 1 to 4: ${signed}`.replace("1 to 4", "1 to 3"),
        "ann seal of entries 5 to 6: the seals of entries 4 to 4 are missing",
      ],
    },
    {
      fault: "a seal that names a key that never was",
      sql: [`update tallystick.credit_seal set key_id = '2020' where account_id = ${ann} and from_seq = 5`],
      details: ["ann seal of entries 5 to 6: its key 2020 is not configured"],
    },
  ];

  it.each(faults)("find $fault", async ({ sql, details }) => {
    await sealedTwice();
    expect((await verdict()).details).toEqual([]);
    await plant(ledger.url, ...sql);
    expect((await verdict()).details).toEqual(details);
  });

  it("find seals that someone made with a key of their own", async () => {
    await seal(ledger.database, foreign);
    expect((await verdict()).details).toEqual([
      `ann seal of entries 1 to 4: ${signed}`,
      `ben seal of entries 1 to 4: ${signed}`,
    ]);
  });

  it("that were removed from the end leave entries unsealed, which the report says", async () => {
    await sealedTwice();
    await plant(ledger.url, `delete from tallystick.credit_seal where account_id = ${ann} and from_seq = 5`);
    expect(await verdict()).toEqual({ unsealed: 2, details: [] });
  });
});
