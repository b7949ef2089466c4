// The statements of one transaction, for as long as its work goes on.
import { TallystickError } from "../kernel/errors.ts";
import type { Queryable } from "./port.ts";

export interface Statements {
  readonly tx: Queryable;
  /**
   * The work is over: what it left behind and sends now would commit by itself, or with the connection's next transaction.
   * It is refused instead.
   */
  end(): void;
  /** A statement failed: unless it was in a savepoint, nothing of the transaction can be committed. */
  hasFailed(): boolean;
}

/** Of a transaction whose work passed over the failure. */
export function rolledBack(cause?: unknown): Error {
  return new Error("The transaction was rolled back: one of its statements had failed.", { cause });
}

export function statementsOf(queryable: Queryable): Statements {
  let isOver = false;
  let hasFailed = false;
  return {
    tx: {
      async query(text, values) {
        if (isOver) {
          throw new TallystickError(
            "invalid_state",
            "The transaction is over; await every statement before its work returns.",
          );
        }
        try {
          return await queryable.query(text, values);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      },
    },
    end: () => {
      isOver = true;
    },
    hasFailed: () => hasFailed,
  };
}
