// Where mutants are tried: a database of its own, in which one function at a time is replaced.
import type { Database } from "../../src/db/database.ts";
import { openWorld, type World } from "../properties/world.ts";
import { createTestDatabase } from "../support/database.ts";
import type { Killer } from "./killers.ts";
import { original, type Mutant } from "./mutants.ts";

export type Fate =
  | { readonly fate: "killed" | "timeout"; readonly by: string; readonly error: string }
  | { readonly fate: "invalid"; readonly error: string }
  | { readonly fate: "survived" };

export interface Bench extends AsyncDisposable {
  /** Tries a mutant with each of these until one kills it, and puts the original back. */
  readonly try: (mutant: Mutant, killers: readonly Killer[]) => Promise<Fate>;
  /** Throws when a killer fails without any mutant. */
  readonly prove: (killers: readonly Killer[]) => Promise<void>;
}

/** How long one killer may take; what takes longer never ends. */
const TIMEOUT_MS = 15_000;
const STATEMENT_TIMEOUT_MS = 4_000;

export async function openBench(): Promise<Bench> {
  let world = await openTrial();
  const reopen = async (): Promise<void> => {
    // The killer that does not end is left without a connection, so that it ends after all.
    void world[Symbol.asyncDispose]();
    world = await openTrial();
  };
  return {
    try: async (mutant, killers) => {
      const invalid = await install(world.database, mutant.sql);
      if (invalid !== undefined) return { fate: "invalid", error: invalid };
      const fate = await firstKill(world, killers);
      if (fate.fate === "timeout") await reopen();
      await world.database.query(original(mutant.target));
      return fate;
    },
    prove: async (killers) => {
      const fate = await firstKill(world, killers);
      if (fate.fate !== "survived") throw new Error(`without a mutant: ${JSON.stringify(fate)}`);
    },
    [Symbol.asyncDispose]: async () => world[Symbol.asyncDispose](),
  };
}

/** A world whose address is known, for a second session. */
export interface Trial extends World {
  readonly url: string;
}

export async function openTrial(): Promise<Trial> {
  const url = new URL(await createTestDatabase());
  url.searchParams.set("statement_timeout", String(STATEMENT_TIMEOUT_MS));
  return { ...(await openWorld(url.href)), url: url.href };
}

async function install(database: Database, sql: string): Promise<string | undefined> {
  try {
    await database.query(sql);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function firstKill(world: Trial, killers: readonly Killer[]): Promise<Fate> {
  for (const { name, run } of killers) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), TIMEOUT_MS);
    });
    try {
      const ended = await Promise.race([run(world), late]);
      if (ended === "late") return { fate: "timeout", by: name, error: "does not end" };
    } catch (error) {
      const code = codeOf(error);
      // The body of a PL/pgSQL function is only looked at as it runs: this is no program.
      if (code?.startsWith("42") === true) return { fate: "invalid", error: messageOf(error) };
      return { fate: code === "57014" ? "timeout" : "killed", by: name, error: messageOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }
  return { fate: "survived" };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Postgres' code of an error or of what caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : codeOf(error.cause);
}
