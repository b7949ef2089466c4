// What callers of the stored functions see and nobody else: sums that are none, locks, answers' words.
import { callFunction } from "../../src/credits/context.ts";
import type { Database } from "../../src/db/database.ts";
import type { Killer } from "./killers.ts";
import { ledgerOf, paid, same } from "./told.ts";

interface Told {
  readonly outcome: string;
}
const MAX = Number.MAX_SAFE_INTEGER;
const start = Date.parse("2026-02-01T00:00:00Z");

export const functionScenarios: readonly Killer[] = [
  {
    name: "the stored functions refuse sums that are none, and take the least and the most",
    run: async ({ reset, setClock, database, credits }) => {
      await reset();
      await setClock(start);
      await credits.grant({ userId: "ann", amount: MAX, type: "adjustment" });
      const { id } = await credits.hold({ userId: "ann", amount: 1 });
      const outcomes: string[] = [];
      const call = async (name: string, parameters: Record<string, unknown>): Promise<void> => {
        outcomes.push((await callFunction<Told>(database, name, parameters)).outcome);
      };
      for (const amount of [null, 0, -1, String(2n ** 53n), 1, MAX]) {
        await call("consume_credits", { p_user_id: "ann", p_amount: amount });
        await call("capture_hold", { p_hold_id: amount === null ? "0" : id, p_amount: amount });
        await call("refund_debit", { p_user_id: "ann", p_debit_key: "none", p_amount: amount });
      }
      same("outcomes", outcomes, [
        "invalid_request",
        "not_found",
        "not_found",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "ok",
        "ok",
        "not_found",
        "insufficient_credits",
        "invalid_state",
        "not_found",
      ]);
      const all = await callFunction<Told & { transactionId: string }>(database, "consume_credits", {
        p_user_id: "ann",
        p_amount: String(MAX - 2),
      });
      const refund = { p_transaction_id: all.transactionId, p_amount: String(MAX - 2) };
      same("refund", (await callFunction<Told>(database, "refund_debit", refund)).outcome, "ok");
    },
  },
  {
    name: "the account's most is consumed, refunded and captured",
    run: async (world) => {
      const { reset, setClock, credits } = world;
      await reset();
      await setClock(start);
      await credits.grant({ userId: "ann", amount: MAX, type: "adjustment" });
      const { transactionId } = await credits.consume({ userId: "ann", amount: MAX });
      await credits.refund({ transactionId, amount: MAX });
      const { id } = await credits.hold({ userId: "ann", amount: MAX });
      await credits.capture({ holdId: id, amount: MAX });
      same("ledger", await ledgerOf(world), [
        "ann#1 adjustment 9007199254740991 after 9007199254740991 at 02-01 00:00 lot 0 02-01 00:00..-",
        "ann#2 usage -9007199254740991 after 0 at 02-01 00:00",
        "ann#3 refund 9007199254740991 after 9007199254740991 at 02-01 00:00 lot 0 02-01 00:00..-",
        "ann#4 usage -9007199254740991 after 0 at 02-01 00:00",
        "ann 0 debt 0 shown 0 0 held 0 changes 02-01 00:15",
      ]);
    },
  },
  {
    name: "a payment's grants and returns hold its lock, and returns lock every account that it may grant to",
    run: async (world) => {
      const { reset, setClock, database, credits } = world;
      await reset();
      await setClock(start);
      await paid(world, [{ id: "keep", credits: 7, validDays: null }], { fact: "a", paymentId: 1 });
      await credits.grant({ userId: "bob", amount: 1, type: "adjustment" });
      for (const [userId, payment] of [
        ["cat", 1],
        ["dan", 2],
      ] as const) {
        const pack = { p_amount: 1, p_type: "purchase_package", p_payment_id: payment };
        await callFunction(database, "grant_credits", { p_user_id: userId, ...pack });
      }
      const locks = async (work: (tx: Parameters<Parameters<typeof database.transaction>[0]>[0]) => Promise<unknown>) =>
        database.transaction(async (tx) => {
          await work(tx);
          const advisory = await tx.query<{ n: number }>(
            "select count(*) as n from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
          );
          // Of this transaction or a part of it, whose id is later: nothing else runs on this database.
          const rows = await tx.query<{ user_id: string }>(
            "select user_id from tallystick.user_credit where xmax::text::bigint >= txid_current() % 4294967296 order by id",
          );
          return [advisory[0]?.n, ...rows.map((row) => row.user_id)];
        });
      const settle = { paymentId: "1", paid: 2, returned: 0 };
      same("settle", await locks(async (tx) => credits.settleReturns(settle, { tx })), [1, "ann", "cat"]);
      const enrol = { p_user_id: "bob", p_plan_id: "keep", p_type: "subscription_renewal", p_payment_id: 1 };
      const fact = { p_provider: "stripe", p_fact: "b" };
      same("enrol", await locks(async (tx) => callFunction(tx, "enrol_account", { ...enrol, ...fact })), [1, "bob"]);
      same(
        "enrol without payment",
        await locks(async (tx) => callFunction(tx, "enrol_account", { ...enrol, p_payment_id: null })),
        [0, "bob"],
      );
      // Bob, who has been granted nothing of the payment yet, may be.
      same("settle both", await locks(async (tx) => credits.settleReturns(settle, { tx })), [1, "ann", "bob", "cat"]);
    },
  },
  {
    name: "what was paid and has gone back is as it was told last, and never more than all",
    run: async (world) => {
      const { reset, setClock, database, credits } = world;
      await reset();
      await setClock(start);
      await credits.settleReturns({ paymentId: "1", paid: 10, returned: 4, policy: "forgive" });
      await setClock(start + 1000);
      await credits.settleReturns({ paymentId: "1", paid: 9, returned: 12 });
      await credits.settleReturns({ paymentId: "2", paid: 0, returned: 0 });
      same(
        "stored",
        (await database.query("select * from tallystick.credit_return order by payment_id")).map((row) =>
          JSON.stringify(row),
        ),
        [
          '{"payment_id":1,"paid_amount":9,"returned_amount":9,"policy":"debt","updated_at":"2026-02-01T00:00:01.000Z"}',
          '{"payment_id":2,"paid_amount":0,"returned_amount":0,"policy":"debt","updated_at":"2026-02-01T00:00:01.000Z"}',
        ],
      );
    },
  },
  {
    name: "an entry carries who did it, why, and what was answered; a capture the hold's words where it has none",
    run: async (world) => {
      const { reset, setClock, database, credits } = world;
      await reset();
      await setClock(start);
      const ann = { userId: "ann" };
      await credits.grant({ ...ann, amount: 100, type: "adjustment" });
      await credits.grant({ ...ann, amount: 9, type: "adjustment", effectiveAt: new Date(start + 1000) });
      const words = { description: "hold", metadata: { of: "hold" } };
      for (const own of [{}, { description: "capture", metadata: { of: "capture" } }]) {
        const { id } = await credits.hold({ ...ann, amount: 10, feature: "image", member: "m1", ...words });
        await credits.capture({ holdId: id, amount: 12, overage: "consume", idempotencyKey: `k${id}`, ...own });
      }
      await credits.hold({ ...ann, amount: 3 });
      const used = await credits.consume({
        ...ann,
        amount: 5,
        idempotencyKey: "k",
        description: "used",
        metadata: { n: 1 },
      });
      await credits.refund({ ...used, amount: 2, idempotencyKey: "r", actor: "op", description: "back" });
      const columns =
        "type, amount, feature, member, actor, description, metadata, answered_balance, answered_available, refund_draw";
      const rows = await database.query(
        `select ${columns}, idempotency_key is not null as keyed, request_hash is not null as hashed, operation_id = id as whole
         from tallystick.credit_transaction order by id`,
      );
      same(
        "entries",
        rows.map((row) =>
          Object.values(row)
            .map((value) => JSON.stringify(value))
            .join(" "),
        ),
        [
          '"adjustment" 100 null null null null null 100 100 null false false true',
          '"adjustment" 9 null null null null null 100 100 null false false true',
          '"usage" -10 "image" "m1" null "hold" {"of":"hold"} null null null false false true',
          '"usage" -2 "image" "m1" null "hold" {"of":"hold"} null null null false false false',
          '"usage" -10 "image" "m1" null "capture" {"of":"capture"} null null null false false true',
          '"usage" -2 "image" "m1" null "capture" {"of":"capture"} null null null false false false',
          '"usage" -5 null null null "used" {"n":1} 71 68 null true false null',
          '"refund" 2 null null "op" "back" null 73 70 1 true true true',
        ],
      );
      same("ledger", await ledgerOf(world), [
        "ann#1 adjustment 100 after 100 at 02-01 00:00 lot 71 02-01 00:00..-",
        "ann#2 adjustment 9 after 109 at 02-01 00:00 lot 9 02-01 00:00..-",
        "ann#3 usage -10 after 99 at 02-01 00:00 hold",
        "ann#4 usage -2 after 97 at 02-01 00:00 hold",
        "ann#5 usage -10 after 87 at 02-01 00:00 capture",
        "ann#6 usage -2 after 85 at 02-01 00:00 capture",
        "ann#7 usage -5 after 80 at 02-01 00:00 used",
        "ann#8 refund 2 after 82 at 02-01 00:00 back lot 2 02-01 00:00..-",
        "ann 82 debt 0 shown 73 70 held 3 changes 02-01 00:00",
      ]);
    },
  },
  {
    name: "a forgiveness belongs to the operation that it followed from, and to every moment since",
    run: async (world) => {
      const { reset, setClock, database, credits } = world;
      await reset();
      const ann = { userId: "ann" };
      const debts: number[] = [];
      const steps = [
        ...[1, 2].map(
          (payment) => async () =>
            callFunction(database, "grant_credits", {
              p_user_id: "ann",
              p_amount: 10,
              p_type: "purchase_package",
              p_payment_id: payment,
              p_expires_at: new Date(start + 7500),
            }),
        ),
        async () => credits.hold({ ...ann, amount: 5, expiresInSeconds: 3600 }),
        async () => credits.hold({ ...ann, amount: 15, expiresInSeconds: 3600 }),
        async () => credits.settleReturns({ paymentId: "1", paid: 2, returned: 2, policy: "forgive" }),
        async () => credits.settleReturns({ paymentId: "2", paid: 2, returned: 2, policy: "forgive" }),
        async () => credits.capture({ holdId: await oldest(database) }),
        async () => undefined,
        // The lots have expired.
        async () => undefined,
        async () => credits.void({ holdId: await oldest(database) }),
      ];
      for (const [index, step] of steps.entries()) {
        await setClock(start + index * 1000);
        await step();
        debts.push((await credits.balance(ann)).debt);
      }
      same("debts", debts, [0, 0, 0, 0, 10, 20, 15, 15, 0, 0]);
      const past: unknown[] = [];
      for (const index of debts.keys()) {
        const moment = { p_user_id: "ann", p_unit: "credit", p_at: new Date(start + index * 1000) };
        past.push((await callFunction<{ debt: number }>(database, "credit_balance_at", moment)).debt);
      }
      same("past debts", past, debts);
      const entries = await database.query<{ line: string }>(
        `select concat_ws(' ', seq, type, amount, (select first.seq from tallystick.credit_transaction first
           where first.id = coalesce(entry.operation_id, entry.id))) as line
         from tallystick.credit_transaction entry order by id`,
      );
      same(
        "operations",
        entries.map(({ line }) => line),
        [
          "1 purchase_package 10 1",
          "2 purchase_package 10 2",
          "3 clawback -10 3",
          "4 clawback -10 4",
          "5 usage -5 5",
          "6 adjustment 5 5",
          "7 adjustment 10 7",
          "8 adjustment 5 7",
        ],
      );
    },
  },
  {
    name: "an account that nobody knows has nothing",
    run: async ({ reset, setClock, database }) => {
      await reset();
      await setClock(start);
      same("consume", await callFunction(database, "consume_credits", { p_user_id: "nobody", p_amount: 1 }), {
        outcome: "insufficient_credits",
        balance: 0,
        available: 0,
      });
    },
  },
  {
    name: "a fact is one of its provider's",
    run: async (world) => {
      await world.reset();
      await world.setClock(start);
      const plans = [{ id: "keep", credits: 7, validDays: null }];
      const created: boolean[] = [];
      for (const provider of ["stripe", "creem", "stripe", "creem"]) {
        created.push((await paid(world, plans, { fact: "a", provider, source: provider })).created);
      }
      same("created", created, [true, true, false, false]);
    },
  },
];

async function oldest(database: Database): Promise<string> {
  const [hold] = await database.query<{ id: number }>(
    "select min(id) as id from tallystick.credit_hold where status = 'open'",
  );
  return String(hold?.id);
}
