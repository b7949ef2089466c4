// A database full of prepared states with the processes that race on it, and the proof of all that happened there.
import { expect } from "vitest";
import { closeAudited, openLedger, type Ledger } from "../../properties/ledger-fixture.ts";
import { contest, type Tally } from "./contest.ts";
import { prepareCopies, type Copies } from "./copies.ts";
import type { OperationName } from "./operations.ts";
import { startRacers, type Racers } from "./racers.ts";
import { raceCases, type RaceCase } from "./states.ts";

/** Where sweeps find something to do. */
export const dueCases = raceCases.filter(({ state, keys }) => state === "rich" && keys !== "shared");

/** Rounds of each pair: a few with every run of the tests, thousands with `npm run test:races`. */
export const roundsPerPair = Number(process.env["RACE_ROUNDS"] ?? 24);

export interface Arena extends AsyncDisposable {
  /** Races operations in every case, `rounds` in all. */
  race(names: readonly OperationName[], rounds: number, cases?: readonly RaceCase[]): Promise<Tally>;
}

export interface ArenaOptions {
  readonly racers: number;
  /** Calls of one process at a time; 1 where sweeps take part, which take whatever is due. */
  readonly lanes: number;
}

// A database is proved whole and left, before its indexes grow past what a test needs.
const ROUNDS_PER_DATABASE = 20_000;

/** Opens an arena; `renew` gives it a database, and a new one when the one before is full and proved. */
export async function openArena({ racers: count, lanes }: ArenaOptions): Promise<Arena & { renew(): Promise<void> }> {
  const racers: Racers = startRacers(count, lanes);
  let ledger: Ledger | undefined;
  let copies: Copies | undefined;
  let raced = 0;

  const prove = async (): Promise<void> => {
    if (ledger === undefined) return;
    const proved = ledger;
    ledger = undefined;
    // The journal's times follow its numbers, because they are read under the account's lock.
    expect(
      await proved.database.query(
        `select count(*) as late from tallystick.credit_transaction entry join tallystick.credit_transaction before
           on before.account_id = entry.account_id and before.seq = entry.seq - 1 where entry.created_at < before.created_at`,
      ),
    ).toEqual([{ late: 0 }]);
    await closeAudited(proved);
  };

  return {
    async renew() {
      if (ledger !== undefined && raced < ROUNDS_PER_DATABASE) return;
      raced = 0;
      await prove();
      ledger = await openLedger();
      copies = await prepareCopies(ledger.url, ledger.database);
      await racers.open(ledger.url);
    },
    async race(names, rounds, cases = raceCases) {
      if (ledger === undefined || copies === undefined) throw new Error("the arena has no database");
      const { credits } = ledger;
      const settle = async (): Promise<void> => {
        const left = [await credits.releaseHolds(), await credits.expire(), await credits.distribute()];
        expect(left.map(({ remaining }) => remaining)).toEqual([0, 0, 0]);
      };
      const total: Tally = { rounds: 0, overlapped: 0, orders: new Map(), wrong: [] };
      for (const raceCase of cases) {
        const part = Math.ceil(rounds / cases.length);
        const tally = await contest({ racers, copies, settle }, names, raceCase, part);
        total.rounds += tally.rounds;
        total.overlapped += tally.overlapped;
        for (const [order, n] of tally.orders) total.orders.set(order, (total.orders.get(order) ?? 0) + n);
        total.wrong.push(...tally.wrong.map((wrong) => `${raceCase.state}, keys ${raceCase.keys}: ${wrong}`));
      }
      raced += total.rounds;
      report(names, total);
      return total;
    },
    async [Symbol.asyncDispose]() {
      try {
        await prove();
      } finally {
        racers[Symbol.dispose]();
      }
    },
  };
}

// A full run takes long: it tells how far it has come, and how often the calls truly met.
function report(names: readonly OperationName[], { rounds, overlapped, orders }: Tally): void {
  if (process.env["RACE_REPORT"] === undefined) return;
  const seen = [...orders].map(([order, n]) => `${n} as ${order}`).join("; ");
  process.stdout.write(`${names.join(" | ")}: ${rounds} rounds, ${overlapped} overlapped: ${seen}\n`);
}
