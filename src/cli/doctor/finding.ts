// What a check answers.

export interface Finding {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; null when all is well. */
  readonly advice: string | null;
}

export function ok(name: string, message: string): Finding {
  return { name, status: "ok", message, advice: null };
}

export function warn(name: string, message: string, advice: string): Finding {
  return { name, status: "warn", message, advice };
}

export function fail(name: string, message: string, advice: string | null = null): Finding {
  return { name, status: "fail", message, advice };
}

/** "40 s", "3 min", "26 h". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
