// A user's data over all layers: read out for whoever may ask for it, and erased while ledger and payments stay.
import type { Credits } from "./credits/index.ts";
import type { WriteOptions } from "./credits/context.ts";
import { checkAccount } from "./credits/input.ts";
import { joinTransaction, type Database, type Queryable } from "./db/database.ts";
import type { ExportPage } from "./db/export-pages.ts";
import { exportNotifications, forgetNotifications } from "./notification/forget.ts";
import { exportOutgoing, forgetOutgoing, type ForgottenOutgoing } from "./outgoing/forget.ts";
import type { ForgetResult } from "./payment/forget.ts";

export interface EraseUserResult extends ForgetResult, ForgottenOutgoing {
  /** What stands in the user id's place from now on. */
  readonly alias: string;
  readonly accounts: number;
  /** Messages that named the user. */
  readonly notifications: number;
}

export interface Users {
  /**
   * Reads all that is stored about a user id, and about those merged into its accounts, a page at a time: accounts,
   * transactions, lots, holds, enrolments, limits, alertRules (the account's own), alerts, customers, payments,
   * returns, subscriptions, autoTopUps, topUpAttempts, events, notifications, endpoints, outgoingEvents. Every section comes, also without rows. No transaction stays open between pages.
   * @throws invalid_request
   */
  export(input: { readonly userId: string }): AsyncGenerator<ExportPage, void, undefined>;
  /**
   * Forgets whose all of that is, in one transaction: an alias takes the user id's place everywhere, descriptions, metadata
   * and the personal fields of stored events go. Amounts, types, times and the provider's ids stay: every audit holds, a
   * payment told again has no second effect, and money returned later is settled on the alias. The user id is free again.
   * @throws invalid_request, lock_timeout, transaction_conflict
   */
  erase(input: { readonly userId: string }, options?: WriteOptions): Promise<EraseUserResult>;
}

/** `personalFields` are names of fields of the providers' events that erasure removes, beside those that are known. */
export function createUsers(
  database: Database,
  credits: Pick<Credits, "erase">,
  personalFields: readonly string[],
): Users {
  // Loaded when a user asks: long, and needed by few processes.
  const load = async () => ({
    ...(await import("./credits/export-user.ts")),
    ...(await import("./payment/forget.ts")),
  });
  return {
    async *export({ userId }) {
      checkAccount({ userId });
      const { userIdsOf, exportUser, exportPayments } = await load();
      const userIds = await userIdsOf(database, userId);
      yield* exportUser(database, userId);
      yield* exportPayments(database, userIds);
      yield* exportNotifications(database, userIds);
      yield* exportOutgoing(database, userIds);
    },
    async erase({ userId }, options) {
      checkAccount({ userId });
      const { userIdsOf, lockPayments, forgetPayments } = await load();
      const work = async (tx: Queryable): Promise<EraseUserResult> => {
        const userIds = await userIdsOf(tx, userId);
        await lockPayments(tx, userIds);
        const { alias, accounts } = await credits.erase({ userId }, { tx });
        const payments = await forgetPayments(tx, { userIds, alias, personalFields });
        const notifications = await forgetNotifications(tx, userIds, alias);
        const outgoing = await forgetOutgoing(tx, userIds, alias);
        return { alias, accounts, ...payments, notifications, ...outgoing };
      };
      return options?.tx === undefined ? database.transaction(work) : work(joinTransaction(options.tx));
    },
  };
}
