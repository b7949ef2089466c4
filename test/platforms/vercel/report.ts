// What an instance and its platform say to each other; loaded by both, so it brings nothing along.

/** Of a request after whose answer the instance is frozen at once: nothing behind the answer begins. */
export const FREEZE_HEADER = "x-freeze-after-answer";

export type Report = { readonly port: number } | { readonly settled: true; readonly rss: number };
