// The long run of the races: 2,000 rounds of each pair, or as many as the first argument says. Prints for each pair how
// often the calls truly met and which orders were seen.
import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";

const [rounds = "2000", ...more] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, "../..");
const files = ["pairs", "sweep-pairs", "triples"].map((name) => `test/concurrency/${name}.test.ts`);
const child = spawn(
  process.execPath,
  [path.join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=dot", ...files, ...more],
  { cwd: root, stdio: "inherit", env: { ...process.env, RACE_ROUNDS: rounds, RACE_REPORT: "1" } },
);
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
