// What an equation is: a query for what breaks it. An empty answer is proof.
import type { IdRange, Sources } from "./scope.ts";

export interface EquationInput extends Sources {
  /** The accounts, or for a walk over entries the entry ids; undefined: all. */
  readonly range: IdRange | undefined;
  /** A number that nobody could know before: it makes checksums that no fault was fitted to. */
  readonly seed: number;
}

/** Equations that one reading of their tables checks together. */
export interface Equations {
  /** The number of the equation in the documentation of the ledger; 11 and above are this implementation's own. */
  readonly number: number;
  readonly names: readonly string[];
  /** Tables read, in the order of their size. */
  readonly reads: readonly string[];
  /** What a range is of; default accounts. */
  readonly walks?: "entries";
  /** Answers equation, account_id, subject (jsonb: what is concerned, and the figures) and detail of each violation. */
  sql(input: EquationInput): string;
}
