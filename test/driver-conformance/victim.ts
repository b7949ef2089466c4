// A worker whose task never ends, to be killed: `victim.ts KIND SERVICE_URL DATABASE_URL`.
import process from "node:process";
import { createTallystick, defineCatalog, defineTask } from "../../src/index.ts";
import { driverOf, type DriverKind } from "./drivers.ts";
import { host } from "./host.ts";

const [, , kind, url = "", database = ""] = process.argv;
const driver = driverOf(kind as DriverKind, url, 3_600_000);
const note = defineTask({
  name: "note",
  async run() {
    process.send?.("begun");
    await new Promise(() => undefined);
  },
});
const tally = createTallystick({ database, catalog: defineCatalog({}), tasks: [note], ...(driver && { driver }) });
await host(kind as DriverKind, url, tally);
process.send?.("hosted");
