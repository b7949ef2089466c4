// What everything above the database speaks to it through: one method to query, one to open a transaction.

export interface Queryable {
  /** Runs one statement. bigint comes back as a safe integer, timestamptz as Date, json parsed, on every driver. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Values that every driver can write down: a statement that was not sent could not prevent the commit behind it. */
export interface Ending {
  readonly text: string;
  readonly values: readonly (string | number | null | readonly (string | number | null)[])[];
}

/**
 * Runs `work` in one READ COMMITTED transaction: committed when it returns, rolled back when it throws. `ending` makes its last
 * statement of the result. That travels together with the commit where the connection allows, so it must raise what is to
 * prevent it; its rows are not read.
 */
export type Transact = <T>(work: (tx: Queryable) => Promise<T>, ending?: (result: T) => Ending) => Promise<T>;

/** Transactions of one caller, one after the other. */
export interface Succession {
  /** Not before the one before has ended. */
  readonly transaction: Transact;
  /** Ends what was begun ahead and not used. */
  end(): Promise<void>;
}

export interface Database extends Queryable {
  readonly transaction: Transact;
  /**
   * Transactions that follow each other at once: while one is committed `follows` is asked whether another begins as soon as it
   * has answered, and then that is begun in the same round trip, where the connection allows. Its caller waits for nothing
   * between the two: a connection is held.
   */
  succession(follows: () => boolean): Succession;
  /** How many connections the pool may open; work on more than that waits for itself. */
  readonly poolSize: number;
  /** Ends the pool if the library opened it; a pool that the caller passed is left open. */
  close(): Promise<void>;
}
