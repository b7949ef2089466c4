// Keeps a serverless instance awake until its pool has closed what is idle: a frozen process can't close a connection, and
// a hundred of them would hold a hundred.
import type pg from "pg";

// How a platform passes its waitUntil on to what runs in a request, as Next.js documents for `after`.
const platform = Symbol.for("@next/request-context");

interface Platform {
  readonly [platform]?: { get(): { readonly waitUntil?: (work: Promise<unknown>) => void } | undefined };
}

const marginMs = 100;

export function stayAwakeUntilIdle(pool: pg.Pool, idleMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  let end: () => void = () => undefined;
  pool.on("release", () => {
    const waitUntil = (globalThis as Platform)[platform]?.get()?.waitUntil;
    clearTimeout(timer);
    timer = setTimeout(() => end(), idleMs + marginMs);
    // Outside of a request nobody can be asked: the wait that stands goes on.
    if (waitUntil === undefined) return;
    // One wait stands at a time, and it is the latest request's.
    end();
    waitUntil(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
  });
}
