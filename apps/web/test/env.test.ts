import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { environmentNames, parseEnvironment, usesSandbox } from "../src/env.ts";

afterEach(() => vi.unstubAllEnvs());

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
    TALLYSTICK_SANDBOX: false,
    TALLYSTICK_SANDBOX_PORT: 12_111,
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
    TALLYSTICK_SANDBOX: "yes",
    TALLYSTICK_SANDBOX_PORT: "0",
    DISCORD_WEBHOOK_URL: "secret",
    TALLYSTICK_DRIVER: "kafka",
    REDIS_URL: "http://secret",
    NOTIFICATION_LANGUAGE: "fr",
  };
  const report = (): unknown => parseEnvironment(variables);
  for (const name of Object.keys(variables)) expect(report).toThrow(new RegExp(`^  ${name}: `, "m"));
  expect(report).toThrow(/TALLYSTICK_DRIVER: must be inline, bullmq, inngest, qstash or trigger/);
  expect(report).not.toThrow(/secret/);
});

test("BullMQ needs a Redis, and what else is wrong is reported with it", () => {
  const REDIS_URL = "redis://localhost:6379";
  expect(parseEnvironment({ TALLYSTICK_DRIVER: "bullmq", REDIS_URL })).toMatchObject({ REDIS_URL });
  const report = (): unknown => parseEnvironment({ TALLYSTICK_DRIVER: "bullmq", PORT: "high" });
  expect(report).toThrow(/^ {2}REDIS_URL: is needed by TALLYSTICK_DRIVER=bullmq/m);
  expect(report).toThrow(/^ {2}PORT: /m);
});

test.each([
  ["inngest", ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY", "BETTER_AUTH_URL"]],
  ["qstash", ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY", "BETTER_AUTH_URL"]],
  ["trigger", ["TRIGGER_SECRET_KEY"]],
])("%s says which variables it lacks", (TALLYSTICK_DRIVER, names) => {
  const report = (): unknown => parseEnvironment({ TALLYSTICK_DRIVER });
  for (const name of names) expect(report).toThrow(new RegExp(`^  ${name}: is needed by`, "m"));
});

test("the sandbox takes Stripe's place only when it is asked for, with no key, where the server stays", () => {
  const uses = (given: Record<string, string>): boolean => usesSandbox(parseEnvironment(given));
  expect(uses({})).toBe(false);
  expect(uses({ TALLYSTICK_SANDBOX: "0" })).toBe(false);
  expect(uses({ TALLYSTICK_SANDBOX: "1" })).toBe(true);
  expect(uses({ TALLYSTICK_SANDBOX: "1", STRIPE_SECRET_KEY: " " })).toBe(true);
  expect(uses({ TALLYSTICK_SANDBOX: "1", STRIPE_SECRET_KEY: "sk_test_a" })).toBe(false);
  vi.stubEnv("VERCEL", "1");
  expect(uses({ TALLYSTICK_SANDBOX: "1" })).toBe(false);
});

test.each(["sk_live_hunter2", "rk_live_hunter2", " sk_live_hunter2"])(
  "the sandbox is refused beside the live key %j, together with every other problem",
  (STRIPE_SECRET_KEY) => {
    expect(parseEnvironment({ STRIPE_SECRET_KEY, TALLYSTICK_SANDBOX: "0" })).toMatchObject({ STRIPE_SECRET_KEY });
    const report = (): unknown => parseEnvironment({ STRIPE_SECRET_KEY, TALLYSTICK_SANDBOX: "1", PORT: "high" });
    expect(report).toThrow(/^ {2}TALLYSTICK_SANDBOX: must be 0 or empty beside a live STRIPE_SECRET_KEY/m);
    expect(report).toThrow(/^ {2}PORT: /m);
    expect(report).not.toThrow(/hunter2/);
  },
);
