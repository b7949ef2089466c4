import { describe, expect, it } from "vitest";
import { TallystickError } from "./errors.ts";
import { gatherCalls } from "./gather.ts";

interface Sent {
  readonly items: readonly string[];
  answer(): void;
  fail(error: Error): void;
}

function gathering(limits: { maxSize?: number; maxItems?: number; maxInFlight?: number; patienceMs?: number } = {}) {
  const sent: Sent[] = [];
  const call = gatherCalls<string, string>(
    async (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
      sent.push({ items, answer: () => resolve(items.map((item) => `${item}!`)), fail: reject });
      return promise;
    },
    { sizeOf: (item) => item.length, maxSize: 100, maxItems: 10, maxInFlight: 1, patienceMs: 60_000, ...limits },
  );
  return { sent, call };
}

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("gathered calls", () => {
  it("are sent at once while nothing is under way, and together afterwards, each with its own answer", async () => {
    const { sent, call } = gathering();
    const answers = Promise.all(["a", "b", "c"].map(call));
    expect(sent.map(({ items }) => items)).toEqual([["a"]]);
    sent[0]?.answer();
    await settled();
    expect(sent.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
    sent[1]?.answer();
    expect(await answers).toEqual(["a!", "b!", "c!"]);
  });

  it("have no more under way than allowed, and no more together", async () => {
    const { sent, call } = gathering({ maxInFlight: 2, maxItems: 3 });
    const answers = Promise.all(["a", "b", "c", "d", "e", "f"].map(call));
    expect(sent.map(({ items }) => items)).toEqual([["a"], ["b"]]);
    sent[1]?.answer();
    await settled();
    sent[0]?.answer();
    await settled();
    expect(sent.map(({ items }) => items)).toEqual([["a"], ["b"], ["c", "d", "e"], ["f"]]);
    sent[2]?.answer();
    sent[3]?.answer();
    expect(await answers).toEqual(["a!", "b!", "c!", "d!", "e!", "f!"]);
  });

  it("are no larger together than allowed; a larger one goes alone", async () => {
    const { sent, call } = gathering({ maxSize: 4 });
    const answers = Promise.all(["a", "bb", "cc", "ddddd", "e"].map(call));
    for (let index = 0; index < 4; index += 1) {
      sent[index]?.answer();
      await settled();
    }
    await answers;
    expect(sent.map(({ items }) => items)).toEqual([["a"], ["bb", "cc"], ["ddddd"], ["e"]]);
  });

  it("that fail together are sent again one by one, so that the bad one fails alone", async () => {
    const { sent, call } = gathering();
    const answers = Promise.allSettled(["a", "good", "bad", "fine"].map(call));
    sent[0]?.answer();
    await settled();
    sent[1]?.fail(new Error("one of them is bad"));
    await settled();
    sent[2]?.answer();
    await settled();
    sent[3]?.fail(new Error("this one is bad"));
    await settled();
    sent[4]?.answer();
    expect(await answers).toEqual([
      { status: "fulfilled", value: "a!" },
      { status: "fulfilled", value: "good!" },
      { status: "rejected", reason: new Error("this one is bad") },
      { status: "fulfilled", value: "fine!" },
    ]);
    expect(sent.slice(2).map(({ items }) => items)).toEqual([["good"], ["bad"], ["fine"]]);
  });

  it("that failed together hold up none that come after them while one of them hangs", async () => {
    const { sent, call } = gathering();
    const first = Promise.allSettled(["a", "stuck", "good"].map(call));
    sent[0]?.answer();
    await settled();
    sent[1]?.fail(new Error("one of them waits for a lock"));
    await settled();
    const later = call("later");
    expect(sent.slice(2).map(({ items }) => items)).toEqual([["stuck"], ["later"]]);
    sent[3]?.answer();
    expect(await later).toBe("later!");
    sent[2]?.fail(new Error("it got no lock"));
    await settled();
    sent[4]?.answer();
    expect((await first).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("all fail at once where the storage is away, those that wait too, and the next is tried again", async () => {
    const { sent, call } = gathering();
    const answers = Promise.allSettled(["a", "b", "c"].map(call));
    const away = new TallystickError("storage_unavailable", "The database did not answer.");
    sent[0]?.fail(away);
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(sent).toHaveLength(1);
    const later = call("d");
    sent[1]?.answer();
    expect(await later).toBe("d!");
  });

  it("that are sent one by one fail at once when the storage goes away meanwhile", async () => {
    const { sent, call } = gathering();
    const answers = Promise.allSettled(["a", "b", "c", "d"].map(call));
    sent[0]?.answer();
    await settled();
    sent[1]?.fail(new Error("one of them is bad"));
    await settled();
    sent[2]?.fail(new TallystickError("storage_unavailable", "The database did not answer."));
    expect((await answers).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
    expect(sent).toHaveLength(3);
  });

  it("wait no longer than they have patience, for a statement that never answers or behind it", async () => {
    const { sent, call } = gathering({ patienceMs: 20 });
    const answers = await Promise.allSettled(["a", "b"].map(call));
    const unavailable = {
      status: "rejected",
      reason: expect.objectContaining({ code: "storage_unavailable" }) as unknown,
    };
    expect(answers).toEqual([unavailable, unavailable]);
    expect(sent.map(({ items }) => items)).toEqual([["a"]]);
    const later = call("c");
    sent[0]?.answer();
    await settled();
    sent[1]?.answer();
    expect(await later).toBe("c!");
  });
});
