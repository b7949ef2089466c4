// Customers spend through the REST API, under idempotency keys, each until it is answered: also across kills, so that what
// was spent is known exactly.
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "./random.ts";
import { API_KEY } from "./terms.ts";

interface Spend {
  readonly userId: string;
  readonly key: string;
  readonly amount: number;
  /** Whether a request of it had no answer: it may still have had its effect, or may yet have. */
  unsure: boolean;
  outcome: "asked" | "spent" | "refused";
}

export interface Spending {
  /** Spends an amount, once or by two requests at once; resolved when it is answered. */
  spend(userId: string): void;
  /** Resolves when everything is answered. */
  answered(): Promise<void>;
  /** Asks again, now that nothing is under way, where a refusal followed a request without an answer. */
  confirm(): Promise<void>;
  spentBy(userId: string): number;
  readonly counts: {
    readonly spent: number;
    readonly refused: number;
    readonly requests: number;
    readonly lost: number;
  };
}

const PAUSE_MS = 150;
const PATIENCE_MS = 8_000;

export function createSpending(origin: string, random: Random): Spending {
  const spends: Spend[] = [];
  const running = new Set<Promise<void>>();
  let requests = 0;
  let lost = 0;

  /** Undefined: nobody knows. */
  const ask = async (spend: Spend, patienceMs: number): Promise<Spend["outcome"] | undefined> => {
    requests += 1;
    try {
      const response = await fetch(`${origin}/api/v1/accounts/${spend.userId}/consume`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${API_KEY}`,
          "content-type": "application/json",
          "idempotency-key": spend.key,
        },
        body: JSON.stringify({ amount: spend.amount }),
        signal: AbortSignal.timeout(patienceMs),
      });
      await response.arrayBuffer();
      if (response.status === 200) return "spent";
      if (response.status === 402) return "refused";
      if (response.status < 500) throw new Error(`A consume was answered ${response.status}.`);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("A consume")) throw error;
    }
    lost += 1;
    spend.unsure = true;
    return undefined;
  };
  const settle = (spend: Spend, outcome: Spend["outcome"]): void => {
    if (spend.outcome !== "spent") spend.outcome = outcome;
  };
  const untilAnswered = async (spend: Spend, firstPatienceMs: number): Promise<void> => {
    for (let patienceMs = firstPatienceMs; ; patienceMs = PATIENCE_MS) {
      const outcome = await ask(spend, patienceMs);
      if (outcome !== undefined) {
        settle(spend, outcome);
        return;
      }
      await delay(PAUSE_MS);
    }
  };
  const run = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const count = (outcome: Spend["outcome"]): number => spends.filter((spend) => spend.outcome === outcome).length;
  return {
    spend(userId) {
      const amount = random.weighted([[6, random.whole(1, 120)] as const, [1, random.whole(300, 3_000)] as const]);
      const spend: Spend = { userId, key: `spend-${spends.length}`, amount, unsure: false, outcome: "asked" };
      spends.push(spend);
      const twice = random.chance(0.15);
      // Some callers give up long before they are answered, and come again.
      const impatient = random.chance(0.05) ? random.whole(1, 20) : PATIENCE_MS;
      run(untilAnswered(spend, impatient));
      if (twice) run(untilAnswered(spend, PATIENCE_MS));
    },
    async answered() {
      while (running.size > 0) await Promise.all(running);
    },
    async confirm() {
      for (const spend of spends.filter(({ unsure, outcome }) => unsure && outcome === "refused")) {
        await untilAnswered(spend, PATIENCE_MS);
      }
    },
    spentBy: (userId) =>
      spends
        .filter((spend) => spend.userId === userId && spend.outcome === "spent")
        .reduce((sum, { amount }) => sum + amount, 0),
    get counts() {
      return { spent: count("spent"), refused: count("refused"), requests, lost };
    },
  };
}
