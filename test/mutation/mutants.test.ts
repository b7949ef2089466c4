import { describe, expect, it } from "vitest";
import { mutantsOf } from "./mutants.ts";
import type { Target } from "./targets.ts";

function changes(body: string, language: Target["language"] = "sql"): string[] {
  return mutantsOf({ name: "f", file: "", language, head: "", body, tail: "" }).map(({ name }) => name);
}

describe("mutants", () => {
  it("leave comments and strings alone", () => {
    expect(changes("select 'a < 0 and b' -- 1 + 1 or true\n")).toEqual([]);
  });

  it("move every comparison's boundary and turn it round, but no assignment", () => {
    expect(changes("select a < b")).toEqual(["select a {< → <=} b", "select a {< → >=} b"]);
    expect(changes("update t set a = b, c = d where e = f")).toEqual(["update t set a = b, c = d where e {= → <>} f"]);
  });

  it("drop each condition of a list, and only whole ones", () => {
    expect(
      changes("select from t where x in (y) and z between u and v and w in (r)").filter(
        (name) => name.endsWith(" → }") || name.includes("→ }"),
      ),
    ).toEqual([
      "select from t where {x in (y) and → } z between u and v and w in (r)",
      "select from t where x in (y) {and z between u and v → } and w in (r)",
      "select from t where x in (y) and z between u and v {and w in (r) → }",
    ]);
  });

  it("turn each term of an order round and leave each out", () => {
    expect(changes("select from t order by a, b desc")).toEqual([
      "select from t order by {a → a desc}, b desc",
      "select from t order by {a, → }b desc",
      "select from t order by a{, b desc → }",
      "select from t order by a, {b desc → b}",
    ]);
  });

  it("leave out each statement with its block, and none that answers", () => {
    expect(changes("begin if a then b := c; d := e; end if; perform f(); return g; end", "plpgsql")).toEqual([
      "begin {if a then b := c; d := e; end if; → null;} perform f(); return g; end",
      "begin if {a → not a} then b := c; d := e; end if; perform f(); return g; end",
      "begin if a then {b := c; → null;} d := e; end if; perform f(); return g; end",
      "begin if a then b := c; {d := e; → null;} end if; perform f(); return g; end",
      "begin if a then b := c; d := e; end if; {perform f(); → null;} return g; end",
    ]);
  });

  it("turn bounds, defaults, constants and joins", () => {
    expect(changes("select least(a, 0), coalesce(b, c) from t left join u on true")).toEqual([
      "select {least → greatest}(a, 0), coalesce(b, c) from t left join u on true",
      "select least(a, {0 → 1}), coalesce(b, c) from t left join u on true",
      "select least(a, 0), {coalesce(b, c) → (b)} from t left join u on true",
      "select least(a, 0), {coalesce(b, c) → (c)} from t left join u on true",
      "select least(a, 0), coalesce(b, c) from t {left → } join u on true",
      "select least(a, 0), coalesce(b, c) from t left join u on {true → false}",
    ]);
  });
});
