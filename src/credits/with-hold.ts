// withHold: work of unknown cost, paid for exactly, whatever happens to it.
import type { Database } from "../db/database.ts";
import { isTallystickError, TallystickError } from "../kernel/errors.ts";
import { capture, hold, voidHold, type CaptureInput, type Hold, type HoldInput } from "./hold.ts";
import { invalid } from "./input.ts";

export interface HoldUse {
  readonly hold: Hold;
  /** Says what the work has cost so far, instead of all that is held: credits, a whole number; 0: nothing. */
  use(amount: number): void;
}

export interface WithHoldInput extends HoldInput {
  /** What to do when the work cost more than is held; default `refuse`. */
  readonly overage?: CaptureInput["overage"];
}

/**
 * Holds credits, does the work, and settles: what `use` was told last is captured, all of the hold when it was told
 * nothing. When the work throws, what `use` was told is captured and the rest given back, and its error is thrown on. A
 * process that dies leaves the hold to its deadline. Work that outlives the deadline is not paid for by the hold: its
 * capture is refused with invalid_state.
 * With an idempotency key that was used before, the work is not begun again unless its hold is still open.
 * @throws what hold and capture throw; what the work throws, with the settlement's error beside it when that fails too
 */
export async function withHold<Result>(
  database: Database,
  input: WithHoldInput,
  work: (use: HoldUse) => Promise<Result>,
): Promise<Result> {
  const { overage, ...holdInput } = input;
  const held = await hold(database, holdInput);
  if (held.status !== "open") {
    throw new TallystickError(
      "invalid_state",
      `Under this key the work was done before: hold ${held.id} is ${held.status}.`,
    );
  }
  let used: number | undefined;
  const use = (amount: number): void => {
    if (!Number.isSafeInteger(amount) || amount < 0) throw invalid("use must be told a whole number of credits.");
    used = amount;
  };
  const settle = async (amount: number): Promise<void> => {
    if (amount === 0) await voidHold(database, { holdId: held.id });
    else await capture(database, { holdId: held.id, amount, overage });
  };
  let result: Result;
  try {
    result = await work({ hold: held, use });
  } catch (error) {
    await settleAfterFailure(held, async () => settle(Math.min(used ?? 0, held.amount)), error);
    throw error;
  }
  await settle(used ?? held.amount);
  return result;
}

// The work's error is the one to throw, and a hold that is settled or past its deadline needs nothing more. Any other
// failure leaves the hold to its deadline, and both errors are thrown.
async function settleAfterFailure(held: Hold, settle: () => Promise<void>, cause: unknown): Promise<void> {
  try {
    await settle();
  } catch (error) {
    if (isTallystickError(error) && error.code === "invalid_state") return;
    throw new AggregateError([cause, error], `The work failed, and hold ${held.id} could not be settled.`, {
      cause: error,
    });
  }
}
