// The commands of the plain-Node example as its Dockerfile, compose file and units have them, run as processes here.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { onTestFinished } from "vitest";
import { parse } from "yaml";

export const root = path.resolve(import.meta.dirname, "../..");
const built = path.join(root, "dist/cli/main.js");
export const example = path.join(root, "examples/node");
const read = (file: string): string => readFileSync(path.join(example, file), "utf8");

export interface ComposeService {
  readonly command?: readonly string[];
  readonly stop_grace_period?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

export const compose = parse(read("compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<"postgres" | "migrate" | "web" | "worker", ComposeService>>;
};

/** A directive of a unit, each time that it is given. */
export function unit(file: string, directive: string): string[] {
  return [...read(`systemd/${file}`).matchAll(new RegExp(`^${directive}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

export const dockerfile = read("Dockerfile");

function listOf(pattern: RegExp): readonly string[] {
  return JSON.parse(pattern.exec(dockerfile)?.[1] ?? "[]") as string[];
}

const words = (line: string | undefined): readonly string[] => (line ?? "").split(" ");

/** Every command that the files name. */
export const commands = {
  server: listOf(/^CMD (\[.*\])$/m),
  healthcheck: listOf(/^HEALTHCHECK .*?CMD (\[.*\])$/m),
  migrate: compose.services.migrate.command ?? [],
  worker: compose.services.worker.command ?? [],
  unitServer: words(unit("tallystick-web.service", "ExecStart")[0]),
  unitMigrate: words(unit("tallystick-web.service", "ExecStartPre")[0]),
  unitWorker: words(unit("tallystick-worker@.service", "ExecStart")[0]),
};

export interface Running {
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** How it ended: its exit status, or the signal that killed it. */
  readonly ended: Promise<number | string>;
}

/** Starts one of the commands where the files start it; its environment is only what is given. */
export function start(command: readonly string[], environment: Readonly<Record<string, string>>): Running {
  // What the image and the machines have at fixed places stands elsewhere here.
  const [program = "", ...args] = command
    .map((word) => word.replace("/usr/bin/node", process.execPath).replace(/^\/opt\/tallystick/, root))
    // npm links the command where it was built before, as in the image; in a fresh clone it was not.
    .flatMap((word, index) => (index === 0 && word === "tallystick" ? [process.execPath, built] : [word]));
  const env = { PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"]}`, ...environment };
  const child = spawn(program, args, { cwd: example, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, output: () => output, ended };
}

/** Starts a command and waits until it has printed this. */
export async function startUntil(
  text: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Running> {
  const running = start(command, environment);
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (running.output().includes(text)) resolve();
    };
    running.child.stdout?.on("data", look);
    running.child.stderr?.on("data", look);
    void running.ended.then((status) => reject(new Error(`it ended with ${status}:\n${running.output()}`)));
  });
  return running;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
