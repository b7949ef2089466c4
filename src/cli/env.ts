// What the command takes from its surroundings: the one file of the command that reads the environment.
import { userInfo } from "node:os";

export interface Surroundings {
  /** `DATABASE_URL`; undefined when it is not set or blank. */
  readonly databaseUrl: string | undefined;
  readonly directory: string;
  /** `TALLYSTICK_SANDBOX=1`: a sandbox may run here. */
  readonly sandboxAllowed: boolean;
  /** `STRIPE_SECRET_KEY` is a live one. */
  readonly hasLiveKey: boolean;
  /** Who is recorded as the actor of what a person does here. */
  readonly actor: string;
}

export function surroundings(): Surroundings {
  return {
    databaseUrl: process.env["DATABASE_URL"]?.trim() || undefined,
    directory: process.cwd(),
    sandboxAllowed: process.env["TALLYSTICK_SANDBOX"]?.trim() === "1",
    hasLiveKey: /^[sr]k_live_/.test(process.env["STRIPE_SECRET_KEY"]?.trim() ?? ""),
    actor: `cli:${userName()}`,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in the account database.
    return String(process.getuid?.() ?? "unknown");
  }
}
