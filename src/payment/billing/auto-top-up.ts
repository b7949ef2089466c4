// Automatic top-ups: what a user has set, read and changed. Whether and when something is bought is decided by the ledger's
// own functions (payment/top-up).
import { TallystickError } from "../../kernel/errors.ts";
import { checkAccount } from "../../credits/input.ts";
import { MAX_AMOUNT } from "../../kernel/amount.ts";
import { callFunction, write } from "../../credits/context.ts";
import { getTask, replayTask } from "../../tasks/inspect.ts";
import { requireBuyer } from "./buyer.ts";
import { requireForSale } from "./checkout.ts";
import { requireSeller, type BillingContext } from "./context.ts";
import { checkQuantity } from "./input.ts";

export interface AutoTopUpInput {
  readonly userId: string;
  /** Bought as soon as less than this is available; at least 1. */
  readonly below: number;
  /** A pack of the catalog. */
  readonly priceId: string;
  /** 1 to 100; default 1. */
  readonly quantity?: number | undefined;
  /** Purchases in a calendar month of UTC, 1 to 100. */
  readonly maxPerMonth: number;
  /** May be left out where only one is configured. */
  readonly provider?: string | undefined;
}

export type AutoTopUpState =
  /** Nothing is to be done. */
  | "watching"
  | "charging"
  /** The payer's bank asks for the payer. */
  | "action_required"
  /** Declined, and tried again at `nextAttemptAt`. */
  | "backing_off"
  /** Declined too often; `retry` goes on. */
  | "suspended"
  | "limit_reached"
  /** The account is frozen, or was merged into another. */
  | "closed";

export interface TopUpAttempt {
  readonly id: string;
  /** cancelled: the settings were removed or the account was frozen before it was paid; nobody was charged. */
  readonly status: "pending" | "action_required" | "succeeded" | "failed" | "cancelled";
  /** Why it failed, in the provider's own word. */
  readonly reason: string | null;
  readonly priceId: string;
  readonly quantity: number;
  readonly invoiceId: string | null;
  /** Where the payer can pay what waits. */
  readonly payUrl: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export interface AutoTopUp {
  readonly userId: string;
  readonly provider: string;
  readonly priceId: string;
  readonly quantity: number;
  readonly below: number;
  readonly maxPerMonth: number;
  readonly state: AutoTopUpState;
  /** Of this month: what was paid, and what may be. */
  readonly usedThisMonth: number;
  /** When time ends the wait; null: nothing waits for it. */
  readonly nextAttemptAt: Date | null;
  /** The newest ten, newest first. */
  readonly attempts: readonly TopUpAttempt[];
}

export interface AutoTopUps {
  /**
   * Sets what is bought for the user; it begins at once when less is available already. Settings that are saved again end
   * no wait after a decline.
   * @throws invalid_request, invalid_state, account_frozen, not_found
   */
  set(input: AutoTopUpInput): Promise<AutoTopUp>;
  /** Null: nothing is set. */
  get(userId: string): Promise<AutoTopUp | null>;
  /** What was not paid yet is not paid any more. Answers whether there was anything. */
  remove(userId: string): Promise<boolean>;
  /** Ends the wait after a decline and the suspension, as for a new card. @throws not_found */
  retry(userId: string): Promise<AutoTopUp>;
}

type Stored = Omit<AutoTopUp, "nextAttemptAt" | "attempts"> & {
  readonly nextAttemptAt: string | null;
  readonly attempts: readonly (Omit<TopUpAttempt, "createdAt" | "finishedAt"> & {
    readonly createdAt: string;
    readonly finishedAt: string | null;
  })[];
};

export function createAutoTopUps(context: BillingContext): AutoTopUps {
  const { database } = context;
  const get = async (userId: string): Promise<AutoTopUp | null> => {
    checkAccount({ userId });
    const stored = await callFunction<Stored | null>(database, "auto_top_up_of", { p_user_id: userId });
    return stored === null ? null : view(stored);
  };
  const required = async (userId: string): Promise<AutoTopUp> => {
    const found = await get(userId);
    if (found !== null) return found;
    throw new TallystickError("not_found", "The user has no automatic top-up; autoTopUp.set makes one.");
  };
  return {
    get,
    async set(input) {
      const { userId, below, priceId, quantity = 1, maxPerMonth } = input;
      if (requireForSale(context, priceId).kind !== "pack") throw invalid("priceId must be the price of a pack.");
      checkQuantity(quantity);
      checkWhole("below", below, MAX_AMOUNT);
      checkWhole("maxPerMonth", maxPerMonth, 100);
      const { name } = requireSeller(context, input.provider);
      await requireBuyer(context, userId);
      await write(database, undefined, "set_auto_top_up", {
        p_user_id: userId,
        p_provider: name,
        p_price_id: priceId,
        p_quantity: quantity,
        p_below: below,
        p_max_per_month: maxPerMonth,
      });
      return required(userId);
    },
    async remove(userId) {
      checkAccount({ userId });
      const { removed } = await write<{ outcome: string; removed: boolean }>(
        database,
        undefined,
        "remove_auto_top_up",
        { p_user_id: userId },
      );
      return removed;
    },
    async retry(userId) {
      checkAccount({ userId });
      await callFunction<boolean>(database, "retry_top_up", { p_user_id: userId });
      await reviveTask(context, userId);
      return required(userId);
    },
  };
}

// A provider that was away for hours has left the task of the attempt in flight dead.
async function reviveTask({ database }: BillingContext, userId: string): Promise<void> {
  const [row] = await database.query<{ task_id: number }>(
    `select task_id from tallystick.auto_top_up_attempt
     where user_id = $1 and status in ('pending', 'action_required') and task_id is not null`,
    [userId],
  );
  if (row === undefined) return;
  const taskId = String(row.task_id);
  if ((await getTask(database, taskId)).status !== "dead") return;
  await database.transaction(async (tx) => replayTask(tx, taskId, "autoTopUp.retry"));
}

function view({ nextAttemptAt, attempts, ...stored }: Stored): AutoTopUp {
  return {
    ...stored,
    nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt),
    attempts: attempts.map(({ createdAt, finishedAt, ...attempt }) => ({
      ...attempt,
      createdAt: new Date(createdAt),
      finishedAt: finishedAt === null ? null : new Date(finishedAt),
    })),
  };
}

function checkWhole(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw invalid(`${name} must be a whole number from 1 to ${most}.`);
}

function invalid(message: string): TallystickError {
  return new TallystickError("invalid_request", message);
}
