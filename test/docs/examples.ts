// The examples of a page: every ts block that a text block follows is run, in order, on one ledger with a clock that
// stands still unless it is moved; what a block logs is its output.
import { formatWithOptions } from "node:util";
import { grantForFact } from "../../src/credits/grant.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import type { Ledger } from "../properties/ledger-fixture.ts";

export interface Example {
  readonly code: string;
  readonly output: string;
}

const pair = /```ts\n(.*?)```\n+```text\n(.*?)```/gs;

export function readExamples(page: string): Example[] {
  return [...page.matchAll(pair)].map(([, code = "", output = ""]) => ({ code, output }));
}

/** The page with other outputs, in the order of its examples. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  let index = 0;
  return page.replace(
    pair,
    (_, code: string) => `\`\`\`ts\n${code}\`\`\`\n\`\`\`text\n${outputs[index++] ?? ""}\`\`\``,
  );
}

type Run = (...surroundings: unknown[]) => Promise<void>;
// Code from a text, which is the repository's own page.
const AsyncFunction = (async () => undefined).constructor as new (...parts: string[]) => Run;

/** Runs one example and answers what it logged. */
export async function runExample(ledger: Ledger, code: string): Promise<string> {
  const lines: string[] = [];
  const console = {
    log: (...values: unknown[]) => lines.push(formatWithOptions({ breakLength: 110, compact: 4, depth: 6 }, ...values)),
  };
  const setClock = (time: string): void => {
    ledger.now = new Date(time);
  };
  /** What a paid invoice does: it grants credits that belong to a payment, and answers the payment's id. */
  const pay = async (userId: string, amount: number, paymentId: number): Promise<string> => {
    const paid = { userId, amount, type: "purchase_package", validDays: null, provider: "stripe" } as const;
    await ledger.database.transaction(async (tx) =>
      grantForFact(tx, { ...paid, paymentId, fact: `example:${paymentId}`, description: "paid" }),
    );
    return String(paymentId);
  };
  /** The code of the error that a call is refused with, and what it tells. */
  const refusal = async (call: Promise<unknown>): Promise<unknown> => {
    try {
      await call;
      return "not refused";
    } catch (error) {
      if (!isTallystickError(error)) throw error;
      return { code: error.code, ...error.details };
    }
  };
  const run = new AsyncFunction("credits", "console", "setClock", "pay", "refusal", code);
  await run(ledger.credits, console, setClock, pay, refusal);
  return lines.map((line) => `${line}\n`).join("");
}
