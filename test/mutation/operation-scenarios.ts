// What belongs to an operation: its entries, and the transaction that it may be a part of.
import { callFunction } from "../../src/credits/context.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import type { Killer } from "./killers.ts";
import { paid, same } from "./told.ts";

const start = Date.parse("2026-02-01T00:00:00Z");
const plans = [{ id: "keep", credits: 10, validDays: null }];

export const operationScenarios: readonly Killer[] = [
  {
    name: "what several claw-backs give back is one operation",
    run: async (world) => {
      const { reset, setClock, database, credits } = world;
      await reset();
      await setClock(start);
      await paid(world, plans, { fact: "a" });
      for (const returned of [1, 2, 0]) await credits.settleReturns({ paymentId: "1", paid: 2, returned });
      const entries = await database.query<{ line: string }>(
        `select concat_ws(' ', entry.seq, entry.type, entry.amount, 'of', first.seq) as line
         from tallystick.credit_transaction entry join tallystick.credit_transaction first
           on first.id = coalesce(entry.operation_id, entry.id) order by entry.id`,
      );
      same(
        "operations",
        entries.map(({ line }) => line),
        [
          "1 subscription_renewal 10 of 1",
          "2 clawback -5 of 2",
          "3 clawback -5 of 3",
          "4 reinstate 5 of 4",
          "5 reinstate 5 of 4",
        ],
      );
    },
  },
  {
    name: "a refund by the debit's id looks its key up where the debit is, whoever is named beside it",
    run: async ({ reset, setClock, database, credits }) => {
      await reset();
      await setClock(start);
      const debits: string[] = [];
      for (const userId of ["ann", "bob"]) {
        await credits.grant({ userId, amount: 5, type: "adjustment" });
        debits.push((await credits.consume({ userId, amount: 5 })).transactionId);
      }
      const [hers, his] = debits;
      await credits.refund({ transactionId: String(hers), amount: 1, idempotencyKey: "k" });
      const named = { p_transaction_id: his, p_user_id: "ann", p_amount: 2, p_idempotency_key: "k" };
      const { outcome } = await callFunction<{ outcome: string }>(database, "refund_debit", named);
      same("outcome", outcome, "ok");
    },
  },
  {
    name: "a payment is settled in a transaction that sees what was committed before each statement, or not at all",
    run: async ({ reset, setClock, database, credits }) => {
      await reset();
      await setClock(start);
      const outcomes: unknown[] = [];
      for (const level of ["read committed", "repeatable read", "serializable"]) {
        await database
          .transaction(async (tx) => {
            await tx.query(`set transaction isolation level ${level}`);
            await credits.settleReturns({ paymentId: "1", paid: 1, returned: 0 }, { tx });
            outcomes.push("settled");
          })
          .catch((error: unknown) => outcomes.push(isTallystickError(error) ? error.code : error));
      }
      same("outcomes", outcomes, ["settled", "invalid_state", "invalid_state"]);
    },
  },
];
