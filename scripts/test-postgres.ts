// npm run test:postgres -- BIN_DIRECTORY [FILES…]: the tests that speak SQL, on a server of the given binaries, whatever
// their version. The server is new, listens on loopback and ends with the tests.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { chooseServerAccount } from "../src/db/embedded/server-account.ts";

const [bin, ...files] = process.argv.slice(2);
if (bin === undefined) {
  console.error("usage: npm run test:postgres -- BIN_DIRECTORY [FILES…]");
  process.exit(2);
}
const root = path.resolve(import.meta.dirname, "..");
const directory = mkdtempSync(path.join(tmpdir(), "tallystick-postgres-"));
const data = path.join(directory, "data");
const account = chooseServerAccount(path.resolve(bin, "postgres"), directory, console.log);
// Owned by the account that the server runs as, which is not root's.
mkdirSync(data, { mode: 0o700 });
for (const place of [directory, data]) chownSync(place, account.owner?.uid ?? -1, account.owner?.gid ?? -1);

process.exitCode = await testOn(await freePort()).finally(() => rmSync(directory, { recursive: true, force: true }));

async function testOn(port: number): Promise<number> {
  pg("initdb", `--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C");
  const options = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
  pg("pg_ctl", "start", "-w", "-D", data, "-l", path.join(directory, "log"), "-o", options);
  try {
    console.log(pg("postgres", "--version").trim());
    const tests = files.length > 0 ? files : ["src/db", "src/tasks", "src/credits", "test/flows"];
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const env = { ...process.env, TEST_DATABASE_URL: url };
    const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
    const run = spawn(process.execPath, [vitest, "run", ...tests], { cwd: root, env, stdio: "inherit" });
    const [code] = (await once(run, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    const stop = account.command(path.resolve(bin ?? "", "pg_ctl"), ["stop", "-w", "-D", data, "-m", "immediate"]);
    spawnSync(stop.file, stop.args, { ...stop.options, cwd: directory, stdio: "ignore" });
  }
}

/** Runs one of the binaries as the server's account, and answers what it prints. */
function pg(program: string, ...words: readonly string[]): string {
  const { file, args, options } = account.command(path.resolve(bin ?? "", program), words);
  // The log takes a started server's output: a pipe would stay open as long as the server.
  const stdio = program === "pg_ctl" ? "ignore" : "pipe";
  return String(execFileSync(file, args, { ...options, cwd: directory, stdio }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
