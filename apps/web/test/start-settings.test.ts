import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { portOf, readSettings } from "../../../scripts/start/settings.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "tallystick-settings-"));
  file = path.join(directory, ".env.local");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("a first start writes random secrets that only the owner can read, and a second start keeps them", () => {
  const first = readSettings(file, {});
  expect(first.isNew).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const name of ["BETTER_AUTH_SECRET", "CRON_SECRET", "TALLYSTICK_API_KEY"]) {
    expect(first.settings[name]).toMatch(/^[\w-]{43}$/);
  }
  expect(first.settings.STRIPE_WEBHOOK_SECRET).toMatch(/^whsec_[\w-]{43}$/);
  expect(first.settings.TALLYSTICK_SANDBOX).toBe("1");
  expect(new Set(Object.values(first.settings)).size).toBe(Object.keys(first.settings).length);
  expect(readSettings(file, {})).toEqual({ settings: first.settings, isNew: false });
});

test("a variable of the environment wins over the file, also when it is empty", () => {
  const { settings } = readSettings(file, {
    CRON_SECRET: "",
    TALLYSTICK_API_KEY: "mine",
    TALLYSTICK_SANDBOX: "",
  });
  expect(settings).toMatchObject({ CRON_SECRET: "", TALLYSTICK_API_KEY: "mine", TALLYSTICK_SANDBOX: "" });
  expect(readFileSync(file, "utf8")).not.toContain("mine");
});

test("the port is 3000 unless it is set, and what is no port is refused", () => {
  expect(portOf({})).toBe(3000);
  expect(portOf({ PORT: "" })).toBe(3000);
  expect(portOf({ PORT: "3311" })).toBe(3311);
  for (const PORT of ["0", "65536", "http", "3000.5"]) expect(() => portOf({ PORT })).toThrow(/PORT/);
});
