// When a failed task is tried again: exponential, capped, full jitter. The delay counts on the database's clock.

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
}

// Within 5 s, within 20 s, then on up to an hour: twenty attempts span about seven hours.
export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 20,
  baseDelayMs: 5_000,
  factor: 4,
  maxDelayMs: 3_600_000,
};

/** The delay after the given attempt (1 for the first): uniform between 0 and the attempt's bound. */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const bound = Math.min(policy.maxDelayMs, policy.baseDelayMs * policy.factor ** (attempt - 1));
  return Math.round(random() * bound);
}
