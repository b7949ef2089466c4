// The racing processes, started once and driven by messages.
import { fork, type ChildProcess } from "node:child_process";
import type { OperationName, Subject } from "./operations.ts";
import type { Finish, RacerMessage } from "./racer.ts";

export interface Racers extends Disposable {
  readonly count: number;
  readonly lanes: number;
  /** Connects every process to a database. */
  open(url: string): Promise<void>;
  /** One call by one process; `delayMs` after the message has come. */
  run(racer: number, lane: number, name: OperationName, subject: Subject, delayMs?: number): Promise<Finish>;
}

export function startRacers(count: number, lanes: number): Racers {
  const waiting = new Map<number, (finish: Finish) => void>();
  const opened: (() => void)[] = [];
  let nextId = 0;
  const children: ChildProcess[] = Array.from({ length: count }, () => {
    const child = fork(new URL("racer.ts", import.meta.url), {
      execArgv: ["--experimental-strip-types", "--no-warnings"],
    });
    child.on("message", (finish: Finish) => {
      if (finish.id < 0) opened.pop()?.();
      waiting.get(finish.id)?.(finish);
      waiting.delete(finish.id);
    });
    return child;
  });
  const send = (racer: number, message: RacerMessage): void => {
    if (children[racer]?.send(message) !== true) throw new Error(`racer ${racer} takes no messages`);
  };
  return {
    count,
    lanes,
    async open(url) {
      // Nobody loses power in a race: commits order themselves without waiting for the disk.
      const fast = new URL(url);
      fast.searchParams.set("options", "-c synchronous_commit=off");
      const connected = children.map(async () => new Promise<void>((resolve) => opened.push(resolve)));
      children.forEach((_, racer) => send(racer, { kind: "open", url: fast.href, lanes }));
      await Promise.all(connected);
    },
    async run(racer, lane, name, subject, delayMs = 0) {
      nextId += 1;
      const id = nextId;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        send(racer, { kind: "run", id, lane, name, subject, delayMs });
      });
    },
    [Symbol.dispose]() {
      for (const child of children) child.kill("SIGKILL");
    },
  };
}
