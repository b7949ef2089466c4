import { describe, expect, it, vi } from "vitest";
import { TallystickError } from "../kernel/errors.ts";
import type { ConsumeInput } from "./consume.ts";
import type { ConsumeOutcome } from "./consume-many.ts";
import { coalesceConsume } from "./coalesce.ts";

const call = (userId: string, amount = 1): ConsumeInput => ({ userId, amount });
const spent = ({ userId, amount }: ConsumeInput): ConsumeOutcome => ({
  ok: true,
  transactionId: `${userId}-${amount}`,
  balance: 0,
  available: 0,
  allocations: [],
  replayed: false,
});

/** A ledger whose batches wait until the test answers them. */
function openBatches() {
  const batches: { items: readonly ConsumeInput[]; answer: () => void; fail: (error: Error) => void }[] = [];
  let arrived = Promise.withResolvers<void>();
  return {
    batches,
    users: () => batches.map(({ items }) => items.map(({ userId, amount }) => `${userId}${amount}`)),
    /** Returns when so many batches have been sent. */
    async sent(count: number) {
      while (batches.length < count) await arrived.promise;
    },
    async consumeMany(items: readonly ConsumeInput[]) {
      const { promise, resolve, reject } = Promise.withResolvers<ConsumeOutcome[]>();
      batches.push({ items, answer: () => resolve(items.map(spent)), fail: reject });
      arrived.resolve();
      arrived = Promise.withResolvers();
      return promise;
    },
  };
}

describe("coalesced consumption", () => {
  it("sends a lone call at once, gathers while a batch is under way, and sends what gathered as one", async () => {
    const ledger = openBatches();
    const { consume } = coalesceConsume(ledger, { maxInFlight: 1 });
    const first = consume(call("ann", 1));
    await ledger.sent(1);
    const later = [consume(call("ann", 2)), consume(call("bob", 3)), consume(call("ann", 4))];
    ledger.batches[0]?.answer();
    expect(await first).toEqual({ transactionId: "ann-1", balance: 0, available: 0, allocations: [], replayed: false });
    await ledger.sent(2);
    ledger.batches[1]?.answer();
    expect((await Promise.all(later)).map(({ transactionId }) => transactionId)).toEqual(["ann-2", "bob-3", "ann-4"]);
    expect(ledger.users()).toEqual([["ann1"], ["ann2", "bob3", "ann4"]]);
  });

  it("takes the next calls of callers that a batch has just answered into one batch with those that waited", async () => {
    const ledger = openBatches();
    const { consume } = coalesceConsume(ledger, { maxInFlight: 1 });
    const callers = [1, 2, 3].map(async (amount) => {
      await consume(call("ann", amount));
      return consume(call("ann", amount + 10));
    });
    await ledger.sent(1);
    const waiting = consume(call("ann", 9));
    ledger.batches[0]?.answer();
    await ledger.sent(2);
    ledger.batches[1]?.answer();
    await Promise.all([...callers, waiting]);
    expect(ledger.users()).toEqual([
      ["ann1", "ann2", "ann3"],
      ["ann9", "ann11", "ann12", "ann13"],
    ]);
  });

  it("keeps the order of each account's calls: no two batches with one account are under way at once", async () => {
    const ledger = openBatches();
    const { consume } = coalesceConsume(ledger, { maxInFlight: 2, maxBatch: 2 });
    const calls = ["ann1", "ann2", "ann3", "bob4", "ann5"].map(async (name) =>
      consume(call(name.slice(0, 3), Number(name.slice(3)))),
    );
    await ledger.sent(1);
    calls.push(consume(call("cat", 6)));
    await ledger.sent(2);
    expect(ledger.users()).toEqual([
      ["ann1", "ann2"],
      ["bob4", "cat6"],
    ]);
    ledger.batches[0]?.answer();
    await ledger.sent(3);
    for (const { answer } of ledger.batches) answer();
    await Promise.all(calls);
    expect(ledger.users()[2]).toEqual(["ann3", "ann5"]);
  });

  it("gives each caller its own refusal", async () => {
    const refusal = new TallystickError("insufficient_credits", "too few");
    const { consume } = coalesceConsume({
      consumeMany: async (items) =>
        items.map((item) => (item.amount > 5 ? { ok: false, error: refusal } : spent(item))),
    });
    const results = await Promise.allSettled([1, 9, 2, 8].map(async (amount) => consume(call("ann", amount))));
    expect(
      results.map((result) => (result.status === "fulfilled" ? result.value.transactionId : result.reason)),
    ).toEqual(["ann-1", refusal, "ann-2", refusal]);
  });

  it("rejects every call of a batch that fails with its cause, and none of another", async () => {
    const ledger = openBatches();
    const { consume } = coalesceConsume(ledger, { maxInFlight: 1 });
    const failing = [consume(call("ann", 1)), consume(call("bob", 2))];
    await ledger.sent(1);
    const next = consume(call("ann", 3));
    const cause = new TallystickError("lock_timeout", "locked");
    ledger.batches[0]?.fail(cause);
    expect(await Promise.allSettled(failing)).toEqual([
      { status: "rejected", reason: cause },
      { status: "rejected", reason: cause },
    ]);
    await ledger.sent(2);
    ledger.batches[1]?.answer();
    expect(await next).toMatchObject({ transactionId: "ann-3" });
  });

  it("rejects every call when the answer has too few outcomes", async () => {
    const { consume } = coalesceConsume({ consumeMany: async () => [] });
    await expect(consume(call("ann"))).rejects.toMatchObject({ code: "internal" });
  });

  it("refuses more calls than may wait as overloaded, and loses none of those that do", async () => {
    const ledger = openBatches();
    const { consume } = coalesceConsume(ledger, { maxInFlight: 1, maxQueue: 2 });
    const accepted = [consume(call("ann", 1))];
    await ledger.sent(1);
    accepted.push(consume(call("ann", 2)), consume(call("ann", 3)));
    await expect(consume(call("ann", 4))).rejects.toMatchObject({ code: "overloaded", retryable: true });
    ledger.batches[0]?.answer();
    await ledger.sent(2);
    ledger.batches[1]?.answer();
    expect(await Promise.all(accepted)).toHaveLength(3);
  });

  it("waits for all calls at close, and refuses those that come after", async () => {
    const ledger = openBatches();
    const { consume, close } = coalesceConsume(ledger, { maxInFlight: 1, maxBatch: 2, maxWaitMs: 60_000 });
    const calls = [1, 2, 3, 4, 5].map(async (amount) => consume(call("ann", amount)));
    let closed = false;
    const closing = close().then(() => (closed = true));
    await expect(consume(call("ann", 6))).rejects.toMatchObject({ code: "invalid_state" });
    for (let batch = 1; batch <= 3; batch += 1) {
      await ledger.sent(batch);
      expect(closed).toBe(false);
      ledger.batches[batch - 1]?.answer();
    }
    await closing;
    expect(await Promise.all(calls)).toHaveLength(5);
    expect(ledger.users().flat()).toEqual(["ann1", "ann2", "ann3", "ann4", "ann5"]);
    await close();
  });

  it("waits for a batch to gather no longer than it may, and not at all once it is full", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const ledger = openBatches();
      const { consume } = coalesceConsume(ledger, { maxBatch: 3, maxWaitMs: 5 });
      void consume(call("ann", 1));
      vi.advanceTimersByTime(4);
      void consume(call("ann", 2));
      expect(ledger.batches).toHaveLength(0);
      vi.advanceTimersByTime(1);
      expect(ledger.users()).toEqual([["ann1", "ann2"]]);
      for (const amount of [3, 4, 5]) void consume(call("bob", amount));
      await ledger.sent(2);
      expect(ledger.users()[1]).toEqual(["bob3", "bob4", "bob5"]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([{ maxBatch: 0 }, { maxBatch: 10_001 }, { maxInFlight: 1.5 }, { maxQueue: 0 }, { maxWaitMs: Number.NaN }])(
    "refuses %o",
    (options) => {
      expect(() => coalesceConsume({ consumeMany: async () => [] }, options)).toThrow(
        expect.objectContaining({ code: "invalid_request" }),
      );
    },
  );
});
