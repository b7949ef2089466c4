// The settings of `npm start`: apps/web/.env.local, written with random secrets on the first start, under the variables
// of the environment, which win also when they are empty.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";

export type Settings = Record<string, string>;

/** Reads the settings, after writing the file if there is none. Answers whether it was written. */
export function readSettings(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings; isNew: boolean } {
  const isNew = !existsSync(file);
  // Exclusive: of two first starts one writes, and both use what it wrote.
  if (isNew) writeIfMissing(file, firstSettings());
  const settings: Settings = {};
  for (const [name, value] of Object.entries({ ...parseEnv(readFileSync(file, "utf8")), ...environment })) {
    if (value !== undefined) settings[name] = value;
  }
  return { settings, isNew };
}

/** The port to serve on. @throws when PORT is no port number */
export function portOf(settings: Settings): number {
  const text = settings.PORT?.trim() || "3000";
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT is ${text}; it must be 1 to 65535.`);
  return port;
}

function firstSettings(): string {
  const secret = (): string => randomBytes(32).toString("base64url");
  return [
    "# Written by the first `npm start`; see env.example for every variable. Keep this file to yourself.",
    `BETTER_AUTH_SECRET=${secret()}`,
    `CRON_SECRET=${secret()}`,
    `TALLYSTICK_API_KEY=${secret()}`,
    `STRIPE_WEBHOOK_SECRET=whsec_${secret()}`,
    "TALLYSTICK_SANDBOX=1",
    "",
  ].join("\n");
}

function writeIfMissing(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
