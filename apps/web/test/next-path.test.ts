import { expect, test } from "vitest";
import { nextPath, signInTo } from "../src/auth/next-path.ts";

test.each(["/pricing", "/billing", "/checkout/success?checkout_id=cs_test_1", "/credits?cursor=a%2Fb"])(
  "signing in goes on to %s",
  (path) => {
    expect(nextPath(path)).toBe(path);
    const asked = new URL(signInTo(path), "http://localhost").searchParams.get("next");
    expect(nextPath(asked)).toBe(path);
  },
);

test.each([
  undefined,
  ["/pricing"],
  "",
  "pricing",
  "https://evil.example",
  "//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "\\\\evil.example",
  "/./\\evil.example",
  "/.//evil.example",
  "/x/..//evil.example",
  "javascript:alert(1)",
  `/${"a".repeat(1000)}`,
])("signing in goes to the credits page in the place of %j", (asked) => {
  expect(nextPath(asked)).toBe("/credits");
});
