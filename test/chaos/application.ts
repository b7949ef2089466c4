// The application's process as the run holds it: started, killed at any moment, started again on the same port.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { AppSettings } from "./app.ts";

const KEPT_LINES = 400;
const POLL_MS = 50;

export interface Application extends AsyncDisposable {
  readonly origin: string;
  readonly kills: number;
  /** When its present process was started. */
  readonly startedAt: Date;
  /** Ends that nobody asked for. */
  readonly crashes: readonly string[];
  /** The last of what it wrote to standard error. */
  readonly log: readonly string[];
  /** Resolves when it listens; its database may still be away. */
  start(): Promise<void>;
  /** Resolves when it answers that its database is there, or has ended. */
  healthy(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export function createApplication(settings: AppSettings): Application {
  let child: ChildProcess | undefined;
  let kills = 0;
  let startedAt = new Date();
  const crashes: string[] = [];
  const log: string[] = [];
  const wanted = new WeakSet<ChildProcess>();
  const gone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
  const end = async (): Promise<void> => {
    const ending = child;
    if (ending === undefined || gone(ending)) return;
    wanted.add(ending);
    const exited = once(ending, "exit");
    ending.kill("SIGKILL");
    await exited;
  };
  const atExit = (): void => void child?.kill("SIGKILL");
  process.once("exit", atExit);
  const application: Application = {
    origin: `http://127.0.0.1:${settings.port}`,
    get kills() {
      return kills;
    },
    get startedAt() {
      return startedAt;
    },
    crashes,
    log,
    async start() {
      startedAt = new Date();
      const script = new URL("app.ts", import.meta.url).pathname;
      const started = spawn(
        process.execPath,
        ["--experimental-strip-types", "--no-warnings", script, JSON.stringify(settings)],
        { stdio: ["pipe", "pipe", "pipe"] },
      );
      child = started;
      started.stdin?.on("error", () => undefined);
      createInterface(started.stderr).on("line", (line) => {
        log.push(line);
        if (log.length > KEPT_LINES) log.shift();
      });
      started.once("exit", (code, signal) => {
        if (!wanted.has(started)) crashes.push(`the application ended by itself (${code ?? signal})`);
      });
      const lines = createInterface(started.stdout);
      await Promise.race([once(lines, "line"), once(started, "exit")]);
    },
    async healthy() {
      for (;;) {
        if (child === undefined || gone(child)) return;
        const response = await fetch(`${application.origin}/api/health`).catch(() => undefined);
        await response?.arrayBuffer().catch(() => undefined);
        if (response?.ok === true) return;
        await delay(POLL_MS);
      }
    },
    async kill() {
      kills += 1;
      await end();
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", atExit);
      await end();
    },
  };
  return application;
}
