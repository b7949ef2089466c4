// Cleans up after a run whatever became of it: waits for the end of its standard input, which the run's own death closes,
// stops the Postgres servers below a directory and removes it. Postgres is made to outlive whoever started it.
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { stopAtOnce } from "./postgres.ts";

const [directory = ""] = process.argv.slice(2);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.stdin.resume();
await new Promise((resolve) => {
  process.stdin.once("end", resolve);
});
for (const name of readdirSync(directory)) await stopAtOnce(path.join(directory, name));
rmSync(directory, { recursive: true, force: true });
