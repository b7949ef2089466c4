// Erasure beside what it waits for, or what waits for it: whoever comes second finds what the first has left.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { untilBlocked } from "../flows/setup.ts";
import { openLedger, type Ledger } from "../properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const who = { actor: "ann", reason: "moved" };

async function account(): Promise<string> {
  const userId = randomUUID();
  await ledger.credits.grant({ userId, amount: 10, type: "adjustment", description: "for Ann" });
  return userId;
}

/** Begins `second` while `first` is done and not committed, and answers what it ends with. */
async function meanwhile<T>(
  first: (tx: { tx: Parameters<Parameters<Ledger["database"]["transaction"]>[0]>[0] }) => Promise<unknown>,
  second: () => Promise<T>,
  waits: string,
): Promise<T> {
  let result: Promise<T> | undefined;
  await ledger.database.transaction(async (tx) => {
    await first({ tx });
    result = second();
    await untilBlocked(ledger.database, `%${waits}%`);
  });
  if (result === undefined) throw new Error("the second call was not made");
  return result;
}

async function texts(userIds: readonly string[]): Promise<number> {
  const [row] = await ledger.database.query<{ count: number }>(
    `select count(*) as count from tallystick.credit_transaction entry join tallystick.user_credit account on account.id = entry.account_id
     where (user_id = any ($1) or user_id like 'erased:%') and description is not null`,
    [userIds],
  );
  return row?.count ?? 0;
}

describe("erase", () => {
  it("erases also what was merged into the account while it waited", async () => {
    const [from, to] = [await account(), await account()];
    const erased = await meanwhile(
      async (tx) => ledger.credits.merge({ fromUserId: from, toUserId: to, ...who }, tx),
      async () => ledger.credits.erase({ userId: to }),
      "erase_user",
    );
    expect(erased.accounts).toBe(2);
    expect(await texts([from, to])).toBe(0);
    expect(await ledger.credits.balance({ userId: from })).toMatchObject({ balance: 0 });
  });

  it("finds nothing when another erasure came first", async () => {
    const userId = await account();
    let alias = "";
    const second = await meanwhile(
      async (tx) => {
        ({ alias } = await ledger.credits.erase({ userId }, tx));
      },
      async () => ledger.credits.erase({ userId }),
      "erase_user",
    );
    expect(second.accounts).toBe(0);
    expect(await ledger.credits.balance({ userId: alias })).toMatchObject({ balance: 10 });
  });

  it("that comes before a merge into its account leaves the other's credits to the other", async () => {
    const [from, to] = [await account(), await account()];
    await meanwhile(
      async (tx) => ledger.credits.erase({ userId: to }, tx),
      async () => ledger.credits.merge({ fromUserId: from, toUserId: to, ...who }),
      "merge_accounts",
    );
    expect(await ledger.credits.balance({ userId: to })).toMatchObject({ balance: 10 });
  });

  it("that comes before a merge of its account leaves nothing to merge", async () => {
    const [from, to] = [await account(), await account()];
    const merged = await meanwhile(
      async (tx) => ledger.credits.erase({ userId: from }, tx),
      async () => ledger.credits.merge({ fromUserId: from, toUserId: to, ...who }),
      "merge_accounts",
    );
    expect(merged).toEqual({ moved: 0, debt: 0 });
    expect(await texts([from])).toBe(0);
  });

  it("that comes before a refund by the user's key leaves no debit to be found", async () => {
    const userId = await account();
    await ledger.credits.consume({ userId, amount: 4, idempotencyKey: "job" });
    await expect(
      meanwhile(
        async (tx) => ledger.credits.erase({ userId }, tx),
        async () => ledger.credits.refund({ userId, debitKey: "job", description: "for Ann" }),
        "refund_debit",
      ),
    ).rejects.toMatchObject({ code: "not_found" });
    expect(await texts([userId])).toBe(0);
  });
});
