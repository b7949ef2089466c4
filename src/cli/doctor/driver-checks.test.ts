// What the doctor says of a driver.
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/support/database.ts";
import { connect, type Database } from "../../db/database.ts";
import type { Driver } from "../../tasks/wake.ts";
import { checkDriver } from "./driver-checks.ts";

let database: Database;
beforeAll(async () => {
  database = connect(await createTestDatabase());
});
afterAll(async () => database.close());

const driver = (check: () => Promise<void>): Driver => ({
  name: "recorder",
  wake: async () => undefined,
  check,
  close: async () => undefined,
});
const answers = driver(async () => undefined);

it("names the driver, and says that there is none", async () => {
  expect(await checkDriver(database, undefined)).toMatchObject([{ name: "driver", status: "ok" }]);
  expect(await checkDriver(database, answers)).toMatchObject([
    { name: "driver", status: "ok", message: expect.stringContaining("recorder") },
    { name: "wakes", status: "ok" },
  ]);
});

it("fails on one that does not answer, with what it said", async () => {
  const away = driver(async () => {
    throw new Error("connection refused");
  });
  const [found] = await checkDriver(database, away);
  expect(found).toMatchObject({ status: "fail", message: expect.stringContaining("connection refused") });
});

it("tells of tasks that are due and were not woken, and of wakes that nobody answered, each after a minute", async () => {
  await database.query("select tallystick.enqueue_task('note', '{}', 3)");
  const wakes = async () => (await checkDriver(database, answers))[1];
  expect(await wakes()).toMatchObject({ status: "ok" });
  await database.query("update tallystick.task set run_at = run_at - interval '2 minutes'");
  expect(await wakes()).toMatchObject({ status: "warn", message: "1 due task not woken yet" });
  await database.query("update tallystick.task set woken_at = tallystick.clock()");
  expect(await wakes()).toMatchObject({ status: "ok" });
  await database.query("update tallystick.task set woken_at = woken_at - interval '2 minutes'");
  expect(await wakes()).toMatchObject({ status: "warn", message: expect.stringContaining("not begun") });
});
