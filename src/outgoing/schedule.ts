// When a delivery that failed is tried again, as Standard Webhooks proposes it: ten attempts over three days.

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** The waits after the first attempt, the second, … */
const delaysMs = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
] as const;

export const MAX_ATTEMPTS = delaysMs.length + 1;

/** An endpoint of which nothing was taken for so long is disabled. */
export const DISABLE_AFTER_MS = 5 * 24 * hour;

/** The wait after the given attempt (1 for the first), a tenth longer or shorter, so that what failed at once spreads. */
export function deliveryDelayMs(attempt: number, random: () => number = Math.random): number {
  const delay = delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? delaysMs[0];
  return Math.round(delay * (0.9 + 0.2 * random()));
}
