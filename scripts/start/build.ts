// Builds the library and the application, each only when what it is made of has changed since its last build.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { alone } from "./alone.ts";

interface Part {
  readonly name: string;
  /** Files and folders, from the root. */
  readonly sources: readonly string[];
  /** A file that a finished build leaves behind. */
  readonly product: string;
  readonly command: readonly string[];
}

const library: Part = {
  name: "library",
  sources: [
    "src",
    "scripts/embed-sql.ts",
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "tsconfig.build.json",
  ],
  product: "dist/index.js",
  command: ["run", "build"],
};

const application: Part = {
  name: "application",
  sources: [...library.sources, "apps/web"],
  product: "apps/web/.next/BUILD_ID",
  command: ["run", "build", "--workspace", "apps/web"],
};

export interface BuildOptions {
  readonly root: string;
  /** The development server compiles the application itself and needs the library only. */
  readonly dev: boolean;
  readonly log: (line: string) => void;
  /** Ends a running build and all of its processes. */
  readonly signal: AbortSignal;
}

/** Builds what is out of date; of several processes one does. @throws with the build's output when it fails */
export async function buildWhatChanged({ root, dev, log, signal }: BuildOptions): Promise<void> {
  mkdirSync(path.join(root, ".tallystick"), { recursive: true });
  for (const part of dev ? [library] : [library, application]) {
    if (isCurrent(root, part)) continue;
    await alone(path.join(root, ".tallystick", "building"), signal, async () => {
      const fingerprint = fingerprintOf(root, part.sources);
      if (isCurrent(root, part, fingerprint)) return;
      const start = performance.now();
      log(`building the ${part.name} …`);
      await runNpm(root, part.command, signal);
      writeFileSync(recordOf(root, part), fingerprint);
      log(`built the ${part.name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    });
  }
}

const recordOf = (root: string, part: Part): string => path.join(root, ".tallystick", `built-${part.name}`);

function isCurrent(root: string, part: Part, fingerprint = fingerprintOf(root, part.sources)): boolean {
  const record = recordOf(root, part);
  return (
    existsSync(path.join(root, part.product)) && existsSync(record) && readFileSync(record, "utf8") === fingerprint
  );
}

// Neither what a build writes, nor tests, nor settings, which no build reads.
const ignored =
  /^(node_modules|\.next|dist|test|next-env\.d\.ts|\.env.*|.*\.tsbuildinfo|.*\.test\.tsx?|.*\.generated\.ts)$/;

function fingerprintOf(root: string, sources: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (file: string): void => {
    const content = readFileSync(path.join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  };
  const walk = (folder: string): void => {
    const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (ignored.test(entry.name)) continue;
      const inner = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(inner);
      else if (entry.isFile()) add(inner);
    }
  };
  for (const source of sources) {
    if (path.extname(source) === "" && !source.endsWith("json")) walk(source);
    else add(source);
  }
  return hash.digest("hex");
}

// What programs need to run, and nothing of the application's: a build is the same whatever it is later started with.
const passedOn = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE"];

async function runNpm(root: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const kept = passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const env = { ...Object.fromEntries(kept), NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  await new Promise<void>((resolve, reject) => {
    const child = spawn("npm", args, {
      cwd: root,
      env,
      // A process group of its own: npm does not pass on what ends it.
      detached: process.platform !== "win32",
      shell: process.platform === "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const end = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    };
    signal.addEventListener("abort", end, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(" ")} failed (${code ?? "ended"}):\n${output.trim()}`));
    });
  });
}
