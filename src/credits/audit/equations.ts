// Every equation, in the order in which an audit checks them.
import { derivedEquations } from "./derived-equations.ts";
import type { Equations } from "./equation.ts";
import { holdEquations } from "./hold-equations.ts";
import { ledgerEquations } from "./ledger-equations.ts";

export const auditEquations: readonly Equations[] = [...ledgerEquations, ...holdEquations, ...derivedEquations];

/** Ranges of an account's entries match their seals: checked in this process, which has the keys. */
export const SEAL_EQUATION = { number: 10, name: "seals_match" } as const;

export const equationNames: readonly string[] = [...auditEquations.flatMap(({ names }) => names), SEAL_EQUATION.name];
