// A process that races: it waits for messages and makes one call for each, on connections of its own.
import process from "node:process";
import { createCredits } from "../../../src/credits/index.ts";
import { connect } from "../../../src/db/database.ts";
import { isTallystickError } from "../../../src/kernel/errors.ts";
import { plans } from "../../properties/ledger-fixture.ts";
import { perform, type OperationName, type Racer, type Subject } from "./operations.ts";

export type RacerMessage =
  | { readonly kind: "open"; readonly url: string; readonly lanes: number }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly lane: number;
      readonly name: OperationName;
      readonly subject: Subject;
      readonly delayMs: number;
    };

/** What a call answered or was refused with, and when it ran by the machine's clock that only goes forward. */
export interface Finish {
  readonly id: number;
  readonly answer?: unknown;
  readonly refusal?: { readonly code: string; readonly details: unknown };
  readonly startedMs: number;
  readonly endedMs: number;
}

let lanes: Racer[] = [];

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

async function run({ id, lane, name, subject, delayMs }: Extract<RacerMessage, { kind: "run" }>): Promise<Finish> {
  const racer = lanes[lane];
  if (racer === undefined) throw new Error(`no lane ${lane}`);
  const begin = now() + delayMs;
  while (now() < begin); // too short for a timer
  const startedMs = now();
  try {
    const answer = await perform(name, racer, subject);
    return { id, answer, startedMs, endedMs: now() };
  } catch (error) {
    const refusal = isTallystickError(error)
      ? { code: error.code, details: error.details }
      : { code: "no code of the library", details: String(error) };
    return { id, refusal, startedMs, endedMs: now() };
  }
}

process.on("message", (message: RacerMessage) => {
  if (message.kind === "run") {
    void run(message).then((finish) => process.send?.(finish));
    return;
  }
  const old = lanes;
  lanes = Array.from({ length: message.lanes }, () => {
    const database = connect(message.url, { poolSize: 1 });
    return { database, credits: createCredits(database, plans) };
  });
  void Promise.all(old.map(async ({ database }) => database.close())).then(() => process.send?.({ id: -1 }));
});
process.on("disconnect", () => process.exit());
