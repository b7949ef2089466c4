// The repair plan: for each violation, what would mend it, where all other figures of the account leave one answer only.
// Where they don't, it says so and proposes nothing. It changes nothing.
import type { Database, Queryable } from "../../db/database.ts";
import { audit, type AuditInput, type AuditResult } from "../audit.ts";
import type { SealKeys } from "../seal/keys.ts";
import { readFacts, readReturn, readRunningSum, type AccountFacts } from "./repair-facts.ts";
import type { Violation } from "./violation.ts";

export interface Repair {
  readonly violation: Violation;
  /** SQL to be run by a person, guarded by the figures that it replaces. Empty: none is proposed. */
  readonly statements: readonly string[];
  /** A call of the ledger that mends it. */
  readonly operation: string | null;
  /** The facts that support the proposal, or why there is none. */
  readonly because: readonly string[];
}

export interface RepairPlan {
  readonly audit: AuditResult;
  readonly repairs: readonly Repair[];
}

type Proposal = Omit<Repair, "violation">;

interface Case {
  readonly database: Queryable;
  readonly violation: Violation;
  readonly facts: AccountFacts;
  /** Whether the account breaks none of these equations. */
  readonly holds: (...equations: readonly string[]) => boolean;
  readonly ofAccount: readonly Violation[];
}

export async function planRepairs(database: Database, input: AuditInput = {}, keys?: SealKeys): Promise<RepairPlan> {
  // A repair is judged by the equations that hold, so all are checked whichever were asked for.
  const whole = await audit(database, { ...input, equations: undefined }, keys);
  const wanted =
    input.equations === undefined
      ? undefined
      : new Set((await audit(database, { ...input, onProgress: undefined }, keys)).violations.map(nameOf));
  const ids = [...new Set(whole.violations.flatMap(({ accountId }) => accountId ?? []))];
  const facts = new Map((await readFacts(database, ids)).map((row) => [row.accountId, row]));
  const shown = wanted === undefined ? whole.violations : whole.violations.filter((found) => wanted.has(nameOf(found)));
  const repairs: Repair[] = [];
  for (const violation of shown) {
    const ofAccount = whole.violations.filter(({ accountId }) => accountId === violation.accountId);
    const account = facts.get(violation.accountId ?? "");
    const proposal =
      account === undefined
        ? none("the account's own row is gone, so that nothing says what it was")
        : await propose({
            database,
            violation,
            facts: account,
            ofAccount,
            holds: (...equations) => !ofAccount.some(({ equation }) => equations.includes(equation)),
          });
    repairs.push({ violation, ...proposal });
  }
  return { audit: { ...whole, ok: shown.length === 0, violations: shown }, repairs };
}

const nameOf = ({ equation, accountId, detail }: Violation): string => `${equation} ${accountId} ${detail}`;

async function propose(found: Case): Promise<Proposal> {
  const { violation } = found;
  switch (violation.equation) {
    case "book_is_sum_of_entries":
      return proposeBook(found);
    case "entries_are_numbered_without_gaps":
      return proposeSeq(found);
    case "balance_after_is_running_sum":
      return proposeBalanceAfter(found);
    case "lot_remains_what_no_draw_took":
      return proposeRemaining(found);
    case "debt_is_sum_of_shortfalls":
      return proposeDebt(found);
    case "held_is_sum_of_open_holds":
      return proposeHeld(found);
    case "counters_are_spending":
      return proposeCounter(found);
    case "cached_totals_are_true":
      return proposeCache(found);
    case "clawed_back_is_what_was_returned":
      return proposeSettlement(found);
    case "book_is_remaining_less_debt":
      return found.ofAccount.length > 1
        ? none("it follows from the other violations of this account, and goes with them")
        : none("book and journal agree, lots and draws agree: either side may be the wrong one");
    default:
      return none(reasons[violation.equation] ?? "more than one repair is possible");
  }
}

const reasons: Readonly<Record<string, string>> = {
  positive_entries_are_lots: "an entry does not say its lot's priority, scope and dates, nor a lot its entry's type",
  debits_are_drawn: "which lots the entry drew on, or which of its figures is wrong, stands nowhere else",
  draws_stay_in_their_account: "which lot the draw was on stands nowhere else",
  hold_is_sum_of_its_parts: "hold and parts are told once each; neither can be judged by the other",
  captures_are_debits: "hold and debit contradict each other; either may be the wrong one",
  no_free_credits_beside_debt: "which shortfall the free credits were to pay is decided by the next grant or release",
  refunds_do_not_exceed_their_debit: "any one of the refunds may be the one too many; adjust the account by an entry",
  refunds_do_not_exceed_their_draw: "any one of the refunds may be the one too many; adjust the account by an entry",
  aliases_are_empty: "whether the merge or what came after it is wrong can't be told",
  rows_have_their_owners: "a row whose owner is gone can be removed, or its owner restored from a backup",
  seals_match: "what was signed can only come from a backup; compare the range with one",
};

function proposeBook({ facts, holds }: Case): Proposal {
  const { accountId, book, entriesTotal, lastBalance, remaining, shortfalls } = facts;
  const sound =
    holds(
      "entries_are_numbered_without_gaps",
      "balance_after_is_running_sum",
      "positive_entries_are_lots",
      "lot_remains_what_no_draw_took",
      "debits_are_drawn",
    ) &&
    entriesTotal === lastBalance &&
    entriesTotal === remaining - shortfalls;
  if (!sound)
    return none(
      `entries sum to ${entriesTotal}, lots less shortfalls to ${remaining - shortfalls}: an entry or the book may be wrong`,
    );
  return update("user_credit", "current_credits", entriesTotal, book, accountId, [
    `entries sum to ${entriesTotal}, and the last one says ${lastBalance} after it`,
    `lots have ${remaining} remaining and shortfalls are ${shortfalls}`,
  ]);
}

function proposeSeq({ facts, holds }: Case): Proposal {
  const { accountId, seq, entries, firstSeq, lastSeq, entriesTotal, book } = facts;
  const gapless = entries > 0 && firstSeq === 1 && lastSeq === entries && holds("balance_after_is_running_sum");
  if (!gapless || entriesTotal !== book)
    return none("an entry is missing or was added; only a backup can say which, and with what amount");
  return update("user_credit", "seq", entries, seq, accountId, [
    `the entries are numbered 1 to ${entries} without a gap, and their balances run on`,
    `they sum to ${entriesTotal}, as the book says`,
  ]);
}

async function proposeBalanceAfter({ database, violation, facts, holds }: Case): Promise<Proposal> {
  const { book, entriesTotal, remaining, shortfalls } = facts;
  const sums = violation.entryId === null ? undefined : await readRunningSum(database, violation.entryId);
  const sound =
    holds("entries_are_numbered_without_gaps", "positive_entries_are_lots", "debits_are_drawn") &&
    book === entriesTotal &&
    book === remaining - shortfalls;
  if (!sound || sums === undefined)
    return none("an amount or a balance was altered, or an entry removed: each would explain it");
  if (sums.stored === sums.total)
    return none("this entry's balance is the sum of the entries up to it; the entry before it is wrong");
  return {
    statements: [
      "alter table tallystick.credit_transaction disable trigger credit_transaction_append_only;",
      `update tallystick.credit_transaction set balance_after = ${sums.total} where id = ${violation.entryId} and balance_after = ${sums.stored};`,
      "alter table tallystick.credit_transaction enable trigger credit_transaction_append_only;",
    ],
    operation: null,
    because: [
      `the amounts agree with lots and draws, and sum to the book, ${book}`,
      `up to this entry they sum to ${sums.total}`,
    ],
  };
}

function proposeRemaining({ violation, facts, holds, ofAccount }: Case): Proposal {
  const { actual, expected, lotId } = violation;
  const missing = ofAccount
    .filter(({ equation }) => equation === "lot_remains_what_no_draw_took")
    .reduce((sum, lot) => sum + (lot.expected ?? 0) - (lot.actual ?? 0), 0);
  const { book, entriesTotal, debt, remaining } = facts;
  const sound =
    holds(
      "positive_entries_are_lots",
      "debits_are_drawn",
      "draws_stay_in_their_account",
      "debt_is_sum_of_shortfalls",
    ) &&
    book === entriesTotal &&
    book === remaining + missing - debt;
  if (!sound || lotId === null || actual === null || expected === null || expected < 0 || actual === expected) {
    return none("what remains, or one of the draws, or the lot's amount may be wrong");
  }
  return {
    statements: [
      `update tallystick.credit_lot set remaining_amount = ${expected}, open = ${expected > 0} where id = ${lotId} and remaining_amount = ${actual};`,
    ],
    operation: null,
    because: [
      `the lot's draws leave ${expected}, and every debit of the account is drawn in full`,
      `with that, lots less debt are ${book}: what book and entries say`,
    ],
  };
}

function proposeDebt({ facts, holds }: Case): Proposal {
  const { accountId, book, entriesTotal, remaining, shortfalls, debt } = facts;
  const sound =
    holds("lot_remains_what_no_draw_took", "debits_are_drawn") &&
    book === entriesTotal &&
    book === remaining - shortfalls;
  if (!sound) return none("debt, draws or lots may be wrong: book and lots don't decide it");
  return update("user_credit", "debt", shortfalls, debt, accountId, [
    `claw-backs and transfers have shortfalls of ${shortfalls}`,
    `lots have ${remaining} remaining, which less ${shortfalls} is the book and the sum of entries, ${book}`,
  ]);
}

function proposeHeld({ violation, facts, holds }: Case): Proposal {
  const { lotId, actual, expected } = violation;
  const sound = holds("hold_is_sum_of_its_parts", "captures_are_debits", "lot_remains_what_no_draw_took");
  if (!sound || facts.cachedHeld !== facts.openHolds || lotId === null || actual === null || expected === null) {
    return none("either the lot or the state of a hold is wrong, and no third figure decides");
  }
  return update("credit_lot", "held_amount", expected, actual, lotId, [
    `open holds of the account sum to ${facts.openHolds}, each equal to its parts`,
    `the account's own figure of what is held is ${facts.cachedHeld}`,
  ]);
}

function proposeCounter({ violation, ofAccount }: Case): Proposal {
  const { limitId, expected } = violation;
  const start = /from (\d{4}-\d\d-\d\d) on/.exec(violation.detail)?.[1];
  if (
    ofAccount.some(({ equation }) => equation !== "counters_are_spending") ||
    limitId === null ||
    start === undefined
  ) {
    return none("the account's entries or holds are in doubt themselves; mend them first");
  }
  return {
    statements: [
      `insert into tallystick.credit_spend_counter (limit_id, period_start, amount) values (${limitId}, '${start}', ${expected}) on conflict (limit_id, period_start) do update set amount = excluded.amount;`,
    ],
    operation: null,
    because: [`debits less refunds and open holds of that period are ${expected}; a counter is nothing but their sum`],
  };
}

function proposeCache({ facts, ofAccount }: Case): Proposal {
  if (ofAccount.some(({ equation }) => equation !== "cached_totals_are_true")) {
    return none("the figures that the cache is made of are in doubt themselves; mend them first");
  }
  return {
    statements: [`update tallystick.user_credit set next_change_at = '-infinity' where id = ${facts.accountId};`],
    operation: null,
    because: ["the cache is made of lots and holds, which break no equation; so marked it is made anew when next used"],
  };
}

async function proposeSettlement({ database, violation }: Case): Promise<Proposal> {
  const money = violation.paymentId === null ? undefined : await readReturn(database, violation.paymentId);
  if (money === undefined)
    return none("the ledger was told of no return of this payment; ask its provider what was returned");
  return {
    statements: [],
    operation: `credits.settleReturns({ paymentId: "${violation.paymentId}", paid: ${money.paid}, returned: ${money.returned} })`,
    because: [
      `of ${money.paid} paid ${money.returned} were returned, as last told; ${violation.detail}`,
      "settling writes what is missing either way; if the provider now says otherwise, give its figures",
    ],
  };
}

function none(reason: string): Proposal {
  return { statements: [], operation: null, because: [reason] };
}

function update(
  table: string,
  column: string,
  to: number,
  from: number,
  id: string,
  because: readonly string[],
): Proposal {
  return {
    statements: [`update tallystick.${table} set ${column} = ${to} where id = ${id} and ${column} = ${from};`],
    operation: null,
    because,
  };
}
