// Runs child processes of the start and ends them in order.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Settings } from "./settings.ts";

const graceMs = 15_000;

/** Migrates and creates the administrator. @throws when that fails; it has said why */
export async function setUp(application: string, settings: Settings): Promise<void> {
  const child = spawn(process.execPath, ["src/setup.ts"], {
    cwd: application,
    env: { ...settings, NODE_ENV: "production" },
    stdio: "inherit",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("The application could not be set up.");
}

/** Serves the application. In production the child ends when this process does, however that ends. */
export function serve(application: string, settings: Settings, port: number, dev: boolean): ChildProcess {
  const next = createRequire(path.join(application, "package.json")).resolve("next/dist/bin/next");
  const preload = pathToFileURL(path.join(import.meta.dirname, "end-with-parent.ts")).href;
  // The development server forks its own children, which would take the preload for theirs.
  const args = dev ? [next, "dev"] : ["--import", preload, next, "start"];
  return spawn(process.execPath, [...args, "--port", String(port)], {
    cwd: application,
    env: {
      ...settings,
      NODE_ENV: dev ? "development" : "production",
      NEXT_TELEMETRY_DISABLED: "1",
      PORT: String(port),
    },
    stdio: ["ignore", "inherit", "inherit", dev ? "ignore" : "ipc"],
  });
}

/** Ends a server: open requests are finished, within a limit. */
export async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  child.kill("SIGTERM");
  await once(child, "exit");
  clearTimeout(timer);
}
