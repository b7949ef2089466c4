// The mutants that nothing kills, and why nothing can.

export interface Explained {
  readonly why: string;
  /** `function: mutant`, as a run names them. */
  readonly mutants: readonly string[];
}

export const explained: readonly Explained[] = [];
