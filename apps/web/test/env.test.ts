import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { environmentNames, parseEnvironment } from "../src/env.ts";

test("env.example names exactly the variables that are validated, in order, each with a comment of one line", () => {
  const lines = readFileSync(path.resolve(import.meta.dirname, "../env.example"), "utf8")
    .trim()
    .split("\n");
  const names = lines.filter((_, index) => index % 2 === 1).map((line) => line.replace(/=$/, ""));
  expect(names).toEqual(environmentNames);
  expect(lines.filter((line, index) => index % 2 === 0 && !line.startsWith("# "))).toEqual([]);
});

test("an empty environment is valid and opens no door", () => {
  const blank = Object.fromEntries(environmentNames.map((name) => [name, ""]));
  expect(parseEnvironment(blank)).toEqual(parseEnvironment({}));
  expect(parseEnvironment(blank)).toMatchObject({
    PORT: 3000,
    STRIPE_WEBHOOK_SECRET: [],
    TALLYSTICK_ALLOW_PRIVATE_HOSTS: false,
    PRICE_LIFETIME: "price_lifetime",
  });
  expect(parseEnvironment(blank).CRON_SECRET).toBeUndefined();
});

test("several webhook secrets are separated by commas, and blanks between them count for nothing", () => {
  const { STRIPE_WEBHOOK_SECRET } = parseEnvironment({ STRIPE_WEBHOOK_SECRET: "whsec_a, whsec_b,," });
  expect(STRIPE_WEBHOOK_SECRET).toEqual(["whsec_a", "whsec_b"]);
});

test("every problem is reported at once, and no value with it", () => {
  const variables = {
    DATABASE_URL: "mysql://secret",
    PORT: "high",
    DISCORD_WEBHOOK_URL: "secret",
    TALLYSTICK_DRIVER: "bullmq",
    NOTIFICATION_LANGUAGE: "fr",
  };
  const report = (): unknown => parseEnvironment(variables);
  for (const name of Object.keys(variables)) expect(report).toThrow(new RegExp(`^  ${name}: `, "m"));
  expect(report).toThrow(/TALLYSTICK_DRIVER: only inline is available yet/);
  expect(report).not.toThrow(/secret/);
});
