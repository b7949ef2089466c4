// Runs the real command as a process of its own.
import { execFile } from "node:child_process";
import path from "node:path";

const main = path.resolve(import.meta.dirname, "../../src/cli/main.ts");

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly databaseUrl?: string;
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs `tallystick` with these words; its environment is only what is given. */
export async function runCli(words: readonly string[], options: CliOptions): Promise<CliResult> {
  const { databaseUrl, directory, environment } = options;
  const env = {
    PATH: process.env["PATH"],
    ...environment,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], { cwd: directory, env }, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
