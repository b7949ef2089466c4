// The task of a top-up: the provider is asked to charge without a transaction, and what came of it is written with the
// task's completion, a payment by the same effect as its webhook. A provider that does not answer is asked again.
import type { Database, Queryable } from "../../db/database.ts";
import { isTallystickError, TallystickError } from "../../kernel/errors.ts";
import { enqueueTask } from "../../tasks/enqueue.ts";
import { defineTask, retryLater, type LoadContext, type TaskDefinition, type TaskPayload } from "../../tasks/task.ts";
import { applyFact } from "../effects/apply-fact.ts";
import type { EffectContext } from "../effects/context.ts";
import type { ChargeOutcome, VoidOutcome } from "../provider-actions.ts";
import type { Providers } from "../providers.ts";
import { readAttempt, settleAttempt, storeInvoice, type Attempt } from "./attempt.ts";

export interface TopUpTaskOptions {
  readonly database: Database;
  readonly providers: Providers;
  readonly effects: Omit<EffectContext, "tx" | "provider">;
  readonly maxAttempts: number;
}

/** Also written by begin_top_up. */
export const TOP_UP_TASK = "auto-top-up";

// Several requests in turn; under the lease of 30 s.
const LOAD_TIMEOUT_MS = 20_000;

type Loaded =
  | { readonly outcome: "over" }
  | (({ readonly attempt: Attempt } & (ChargeOutcome | VoidOutcome)) & { readonly waited: boolean });

export function topUpTask(options: TopUpTaskOptions): TaskDefinition<Loaded> {
  const { database, effects } = options;
  return defineTask<Loaded>({
    name: TOP_UP_TASK,
    loadTimeoutMs: LOAD_TIMEOUT_MS,
    async load(context) {
      const attempt = await readAttempt(database, attemptId(context.payload));
      const waited = context.payload["expire"] === true;
      if (attempt?.status !== (waited ? "action_required" : "pending")) return { outcome: "over" };
      // Run by hand, or by a clock that was ahead.
      const left = waited ? (attempt.expiresInMs ?? 0) : 0;
      if (left > 0) throw retryLater("the payer has time still", Math.ceil(left));
      return { ...(await ask(options, attempt, context)), attempt, waited };
    },
    async run({ tx, loaded }) {
      if (loaded.outcome === "over") return;
      const { attempt } = loaded;
      switch (loaded.outcome) {
        case "paid":
          for (const fact of loaded.facts) await applyFact({ ...effects, provider: attempt.provider, tx }, fact);
          await settleAttempt(tx, attempt.id, { status: "succeeded" });
          return;
        case "void":
          if (loaded.waited) await fail(options, tx, attempt, "authentication_required");
          else await settleAttempt(tx, attempt.id, { status: "cancelled" });
          return;
        case "declined":
          await fail(options, tx, attempt, loaded.code);
          return;
        case "action_required":
          await waitForPayer(options, tx, attempt, loaded.payUrl);
      }
    },
  });
}

async function ask(
  { database, providers, effects }: TopUpTaskOptions,
  attempt: Attempt,
  { payload, signal, attempt: tries }: LoadContext,
): Promise<ChargeOutcome | VoidOutcome> {
  const { actions } = providers.require(attempt.provider);
  if (actions === undefined) {
    throw new TallystickError("invalid_state", `${attempt.provider} can't be asked to charge anybody here.`);
  }
  let { invoiceId } = attempt;
  const asking = { key: attempt.key, signal, knowsPrice: (id: string) => effects.catalog.price(id) !== undefined };
  const giveUp = async (): Promise<VoidOutcome> =>
    invoiceId === null ? { outcome: "void" } : actions.voidCharge({ ...asking, invoiceId });
  if (payload["expire"] === true || !attempt.wanted) return giveUp();
  const refused = async (code: string): Promise<ChargeOutcome> => {
    const ended = await giveUp();
    return ended.outcome === "paid" ? ended : { outcome: "declined", code };
  };
  // What the catalog does not sell any more would be paid for nothing.
  if (effects.catalog.price(attempt.priceId)?.kind !== "pack") return refused("price_unavailable");
  if (attempt.customerId === null) return refused("no_payment_method");
  try {
    return await actions.chargeOffSession({
      ...asking,
      customerId: attempt.customerId,
      priceId: attempt.priceId,
      quantity: attempt.quantity,
      metadata: { userId: attempt.userId, priceId: attempt.priceId, autoTopUp: attempt.key },
      invoiceId,
      attempt: tries,
      async onInvoice(id) {
        await storeInvoice(database, attempt.id, id);
        invoiceId = id;
      },
    });
  } catch (error) {
    // The provider understood and will not: no later try changes that.
    if (isTallystickError(error) && (error.code === "invalid_request" || error.code === "invalid_state")) {
      return refused("refused");
    }
    throw error;
  }
}

async function fail(
  { effects }: TopUpTaskOptions,
  tx: Queryable,
  { id, priceId }: Attempt,
  reason: string,
): Promise<void> {
  const settled = await settleAttempt(tx, id, { status: "failed", reason });
  if (settled === null) return;
  const { userId, suspended, retryAt } = settled;
  await effects.announce(tx, {
    kind: "top_up.failed",
    key: `top_up.failed:${id}`,
    userId,
    priceId,
    reason,
    nextAttemptAt: suspended || retryAt === null ? null : new Date(retryAt),
    suspended,
  });
}

async function waitForPayer(
  { effects, maxAttempts }: TopUpTaskOptions,
  tx: Queryable,
  { id, priceId, accountId }: Attempt,
  payUrl: string | null,
): Promise<void> {
  const settled = await settleAttempt(tx, id, { status: "action_required", reason: "authentication_required", payUrl });
  if (settled === null || settled.expiresAt === null) return;
  const expiresAt = new Date(settled.expiresAt);
  const { userId } = settled;
  await effects.announce(tx, {
    kind: "top_up.action_required",
    key: `top_up.action_required:${id}`,
    userId,
    priceId,
    payUrl,
    expiresAt,
  });
  const { taskId } = await enqueueTask(tx, {
    name: TOP_UP_TASK,
    payload: { attemptId: id, expire: true },
    // Of its own, or it would hold the lane of what comes after a payment in time.
    lane: `top-up-expiry:${accountId}`,
    runAt: expiresAt,
    maxAttempts,
  });
  await tx.query("update tallystick.auto_top_up_attempt set task_id = $2 where id = $1", [id, taskId]);
}

function attemptId(payload: TaskPayload): number {
  return Number(payload["attemptId"]);
}
