// Where operations are killed: a database of prepared states with a gate, and what a state is before and after a call.
import { expect } from "vitest";
import type { Credits } from "../../src/credits/index.ts";
import type { Database } from "../../src/db/database.ts";
import { named } from "../concurrency/race/contest.ts";
import { prepareCopies, type Picture } from "../concurrency/race/copies.ts";
import { perform, sweeps, type OperationName, type Subject } from "../concurrency/race/operations.ts";
import type { RaceCase } from "../concurrency/race/states.ts";
import { setGate, type Gate } from "./steps.ts";

/** Each operation with the state in which it does the most. */
export const crashCases: readonly (RaceCase & { readonly name: OperationName })[] = [
  { name: "grant", state: "owing", keys: "own" },
  { name: "grant", state: "absent", keys: "own" },
  { name: "grantPaid", state: "rich", keys: "own" },
  { name: "consume", state: "rich", keys: "own" },
  { name: "consumeMany", state: "rich", keys: "own" },
  { name: "hold", state: "rich", keys: "own" },
  { name: "capture", state: "rich", keys: "own" },
  { name: "capture", state: "owing", keys: "own" },
  { name: "capture", state: "forgiving", keys: "own" },
  { name: "void", state: "owing", keys: "own" },
  { name: "refund", state: "rich", keys: "own" },
  { name: "refund", state: "owing", keys: "own" },
  { name: "returnMore", state: "rich", keys: "none" },
  { name: "returnLess", state: "rich", keys: "none" },
  { name: "returnLess", state: "owing", keys: "none" },
  { name: "adjustUp", state: "owing", keys: "own" },
  { name: "adjustDown", state: "rich", keys: "own" },
  { name: "freeze", state: "rich", keys: "none" },
  { name: "unfreeze", state: "frozen", keys: "none" },
  { name: "mergeInto", state: "short", keys: "none" },
  { name: "mergeFrom", state: "rich", keys: "none" },
  { name: "setLimit", state: "rich", keys: "none" },
  { name: "enrol", state: "rich", keys: "none" },
  { name: "erase", state: "alias", keys: "none" },
];

/** The sweeps; each needs a database in which nothing else is due. */
export const crashSweeps = sweeps.map((name) => ({ name, state: "rich" as const, keys: "none" as const }));

export interface CrashSite {
  readonly gate: Gate;
  readonly subject: () => Promise<Subject>;
  readonly picture: (subject: Subject) => Promise<string>;
  readonly before: string;
  readonly after: string;
  /** The call made undisturbed; answers what is told, without ids and without whether it is a replay. */
  readonly call: (subject: Subject) => Promise<unknown>;
  readonly answer: unknown;
}

export interface Scene {
  readonly database: Database;
  readonly credits: Credits;
  readonly copies: Awaited<ReturnType<typeof prepareCopies>>;
  readonly gate: Gate;
}

export async function setScene(url: string, database: Database, credits: Credits): Promise<Scene> {
  const copies = await prepareCopies(url, database);
  return { database, credits, copies, gate: await setGate(url, database) };
}

/** Runs an operation once undisturbed, to know what is before and after it. */
export async function inspect(
  { database, credits, copies, gate }: Scene,
  { name, ...raceCase }: (typeof crashCases)[number],
): Promise<CrashSite> {
  const subject = async (): Promise<Subject> => {
    const [made] = await copies.make(raceCase, 1);
    if (made === undefined) throw new Error("no copy was made");
    return made;
  };
  const look = async (of: Subject): Promise<Picture> => {
    const picture = (await copies.pictures([of])).get(of.copy);
    if (picture === undefined) throw new Error("there is no picture of the copy");
    return picture;
  };
  const call = async (of: Subject): Promise<unknown> => {
    const answer = named(await perform(name, { credits, database }, of), await look(of));
    return JSON.parse(
      JSON.stringify(answer ?? null, (key, value: unknown) => (key === "replayed" ? undefined : value)),
    );
  };
  const first = await subject();
  const before = (await look(first)).text;
  const answer = await call(first);
  const after = (await look(first)).text;
  expect(after).not.toBe(before);
  return { gate, subject, before, after, answer, call, picture: async (of) => (await look(of)).text };
}
