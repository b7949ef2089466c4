// Idempotency keys whose first request is still being worked on: Stripe refuses another one under the same key meanwhile.
import { Refusal } from "./refusal.ts";

export interface InFlight {
  /** Does the work unless the key is in use; without a key always. @throws Refusal idempotency_key_in_use */
  once<Result>(key: string | null, work: () => Promise<Result>): Promise<Result>;
}

export function createInFlight(): InFlight {
  const keys = new Set<string>();
  return {
    async once(key, work) {
      if (key === null) return work();
      if (keys.has(key)) {
        const message = `There is currently another in-progress request using this Idempotency-Key: ${key}. Please try again later.`;
        throw new Refusal(409, { type: "idempotency_error", code: "idempotency_key_in_use", message });
      }
      keys.add(key);
      try {
        return await work();
      } finally {
        keys.delete(key);
      }
    },
  };
}
