import { describe, expect, it } from "vitest";
import { fitFields, truncate } from "./text-limits.ts";

describe("truncate", () => {
  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["abcd", 1, "…"],
    ["abcd", 0, ""],
    ["abcd", -5, ""],
    ["", 3, ""],
  ])("cuts %j at %i to %j", (text, max, expected) => {
    expect(truncate(text, max)).toBe(expected);
  });

  it("never splits a character", () => {
    expect(truncate("a😀😀", 4)).toBe("a😀…");
    expect(truncate("😀😀", 2)).toBe("…");
  });

  it("never splits an escape sequence, and counts the escaped text", () => {
    const escape = (character: string) => (character === "&" ? "&amp;" : character);
    expect(truncate("a&b", 7, { escape })).toBe("a&amp;b");
    expect(truncate("a&&b", 8, { escape })).toBe("a&amp;…");
    expect(truncate("a&&b", 6, { escape })).toBe("a…");
  });

  it("replaces lone surrogates and keeps pairs", () => {
    expect(truncate("a\ud83d b 😀 \ude00", 20)).toBe("a\ufffd b 😀 \ufffd");
  });

  it("does not walk through what it cuts off", () => {
    let characters = 0;
    const escape = (character: string) => {
      characters += 1;
      return character;
    };
    truncate("x".repeat(1_000_000), 10, { escape });
    expect(characters).toBe(11);
  });
});

describe("fitFields", () => {
  const limits = { count: 3, name: 5, value: 10, total: 30 };

  it("keeps the number, the lengths and the total within the limits", () => {
    const field = { name: "n".repeat(9), value: "v".repeat(99) };
    const fitted = fitFields([field, field, field, field], limits);
    expect(fitted).toEqual([
      { name: "nnnn…", value: "vvvvvvvvv…" },
      { name: "nnnn…", value: "vvvvvvvvv…" },
    ]);
    expect(fitFields([field, field, field, field], { ...limits, total: 1000 })).toHaveLength(3);
  });

  it("gives empty names and values a dash, since receivers refuse them", () => {
    expect(fitFields([{ name: " ", value: "" }], limits)).toEqual([{ name: "–", value: "–" }]);
  });
});
