// Takes a history on the ledger and on its model, and compares all that can be seen after every step.
import { isDeepStrictEqual } from "node:util";
import type { Queryable } from "../../src/db/database.ts";
import { plans } from "./ledger-fixture.ts";
import { readPicture, type Names } from "./ledger-picture.ts";
import { pictureOf } from "./model/picture.ts";
import { emptyState, outcomeOf, type Answer, type State } from "./model/state.ts";
import * as onLedger from "./step-on-ledger.ts";
import * as onModel from "./step-on-model.ts";
import { isSingle, type SingleStep, type Step } from "./steps.ts";
import { ABORTED, type World } from "./world.ts";

/** How often each operation came to each outcome. */
export type Seen = Map<string, number>;

/** Takes the steps; throws at the first difference from the model, and when the audit finds anything. */
export async function takeHistory(world: World, steps: readonly Step[], seen: Seen = new Map()): Promise<void> {
  await world.reset();
  const history: History = { world, seen, keyed: [], state: emptyState(start, plans), names: noNames };
  await world.setClock(start);
  for (const [index, step] of steps.entries()) {
    const what = `step ${index} ${JSON.stringify(step)}`;
    await takeStep(history, step, what);
    // Single steps compare the state before they compare the answer.
    if (!isSingle(step)) await compare(history, `state after ${what}`, undefined);
    if (index === steps.length - 1) {
      const { violations } = await world.credits.audit();
      if (violations.length > 0) throw new Error(`audit after ${what}: ${JSON.stringify(violations)}`);
    }
  }
}

const start = Date.parse("2026-01-30T22:00:00Z");
const noNames: Names = { entries: new Map(), holds: new Map(), idOf: new Map() };

interface History {
  readonly world: World;
  readonly seen: Seen;
  /** The requests that had a key, the newest last. */
  readonly keyed: Request[];
  state: State;
  names: Names;
}

async function takeStep(history: History, step: Step, what: string): Promise<void> {
  const { world, state } = history;
  if (isSingle(step)) return takeSingle(history, step, what, undefined);
  switch (step.take) {
    case "wait":
      onModel.takeSweep(state, step);
      return world.setClock(state.now);
    case "expire":
    case "distribute":
    case "releaseHolds": {
      const expected = onModel.takeSweep(state, step);
      const answered = await onLedger.takeSweep(world, step);
      same(`answer of ${what}`, answered, expected);
      return;
    }
    case "again": {
      const request = history.keyed.at(-step.back);
      return request && takeRequest(history, request, `${what} ${JSON.stringify(request)}`, undefined);
    }
    case "abort":
      return abort(history, step, what);
    case "kill":
      return kill(history, step, what);
    case "together":
      return together(history, step, what);
  }
}

async function takeSingle(history: History, step: SingleStep, what: string, tx: Queryable | undefined): Promise<void> {
  const meant = onModel.meantBy(history.state, step);
  if ("key" in step && step.key !== null) history.keyed.push({ step, meant });
  return takeRequest(history, { step, meant }, what, tx);
}

interface Request {
  readonly step: SingleStep;
  readonly meant: onModel.Meant;
}

async function takeRequest(
  history: History,
  { step, meant }: Request,
  what: string,
  tx: Queryable | undefined,
): Promise<void> {
  const { world, state, names, seen } = history;
  const expected = onModel.takeSingle(state, step, meant);
  const taking = { ...world, tx, now: state.now, meant, names };
  const answered = await onLedger.takeSingle(taking, step);
  await compare(history, `state after ${what}`, tx);
  same(`answer of ${what}`, inWords(answered, history.names, expected), expected);
  count(seen, step, expected);
}

/** Either the whole step is taken, because it writes less, or nothing of it is. */
async function abort(
  history: History,
  { step, atWrite }: Extract<Step, { take: "abort" }>,
  what: string,
): Promise<void> {
  const { database } = history.world;
  const before = structuredClone(history.state);
  await database.query("select set_config('test.abort_at', $1, false)", [String(atWrite)]);
  try {
    await takeSingle(history, step, what, undefined);
  } catch (error) {
    if (!isAborted(error)) throw error;
    history.state = before;
    add(history.seen, "aborted");
  }
  // Also when a failed statement has cost the session: the pool replaces it.
  await history.world.setClock(history.state.now);
}

function isAborted(error: unknown): boolean {
  return error instanceof Error && (error.message.includes(ABORTED) || isAborted(error.cause));
}

async function kill(history: History, { step }: Extract<Step, { take: "kill" }>, what: string): Promise<void> {
  const { database, terminate } = history.world;
  const before = structuredClone(history.state);
  let killed = false;
  try {
    await database.transaction(async (tx) => {
      await takeSingle(history, step, what, tx);
      const [session] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      await terminate(session?.pid ?? 0);
      killed = true;
    });
  } catch (error) {
    if (!killed) throw error;
  }
  history.state = before;
  add(history.seen, "killed");
  await history.world.setClock(before.now).catch(async () => history.world.setClock(before.now));
}

class RolledBack extends Error {}

async function together(
  history: History,
  { steps, commit }: Extract<Step, { take: "together" }>,
  what: string,
): Promise<void> {
  const before = structuredClone(history.state);
  try {
    await history.world.database.transaction(async (tx) => {
      for (const [index, step] of steps.entries()) await takeSingle(history, step, `${what} (${index})`, tx);
      if (!commit) throw new RolledBack();
    });
    add(history.seen, "committed together");
  } catch (error) {
    if (!causedByRollback(error)) throw error;
    history.state = before;
    add(history.seen, "rolled back together");
  }
}

function causedByRollback(error: unknown): boolean {
  return error instanceof RolledBack || (error instanceof Error && causedByRollback(error.cause));
}

async function compare(history: History, what: string, tx: Queryable | undefined): Promise<void> {
  const { picture, names } = await readPicture(tx ?? history.world.database);
  history.names = names;
  same(what, picture, pictureOf(history.state));
}

/** The part of an answer that the model answers too, in its words. */
function inWords(answered: Answer, names: Names, expected: Answer): Answer {
  const { transactionId, allocations, id } = answered;
  const words: Answer = {
    ok: !("refused" in answered),
    ...answered,
    transaction: names.entries.get(String(transactionId)),
    hold: names.holds.get(String(id)),
    draws:
      Array.isArray(allocations) &&
      allocations.map(({ lotId, amount }: { lotId: string; amount: number }) => [names.entries.get(lotId), amount]),
  };
  return Object.fromEntries(
    Object.keys({ ...expected, ...("refused" in answered && answered) }).map((word) => [word, words[word]]),
  );
}

function count(seen: Seen, { take }: SingleStep, answer: Answer): void {
  add(seen, `${take}: ${outcomeOf(answer)}`);
}

function add(seen: Seen, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const found = differences(actual, expected, "").slice(0, 12);
  throw new Error(`${what}\n${found.join("\n")}`);
}

/** Where two values differ, as path, ledger's and model's. */
function differences(actual: unknown, expected: unknown, path: string): string[] {
  if (isDeepStrictEqual(actual, expected)) return [];
  if (!isObject(actual) || !isObject(expected)) {
    return [` ${path}: ledger ${JSON.stringify(actual)}, model ${JSON.stringify(expected)}`];
  }
  return [...new Set([...Object.keys(actual), ...Object.keys(expected)])].flatMap((name) =>
    differences(actual[name], expected[name], `${path}.${name}`),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
