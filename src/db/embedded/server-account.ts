// The operating system's account that Postgres runs as. Postgres refuses to run as root, so root's servers run as the
// account `postgres`, which is created when there is none.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { TallystickError } from "../../kernel/errors.ts";

export interface ServerAccount {
  /** Ids that files of the server must belong to; undefined when the server runs as the present user. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** What to spawn so that `command` runs as this account, in a process of the same pid. */
  command(command: string, args: readonly string[]): SpawnCommand;
}

export interface SpawnCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: { uid?: number; gid?: number; env: Record<string, string> };
}

// The server gets none of its starter's environment: it holds the application's secrets.
const env = { LC_ALL: "C", TZ: "UTC" };
const accountName = "postgres";
// https://man7.org/linux/man-pages/man7/capabilities.7.html
const CAP_DAC_OVERRIDE = 1n;
const CAP_DAC_READ_SEARCH = 2n;

/** Chooses the account and proves that it reaches the binaries and the directory. @throws storage_unavailable */
export function chooseServerAccount(binary: string, directory: string, log: (line: string) => void): ServerAccount {
  if (process.getuid?.() !== 0) {
    return { owner: undefined, command: (file, args) => ({ file, args, options: { env } }) };
  }
  const owner = findAccount() ?? createAccount(log);
  const plain: ServerAccount = { owner, command: (file, args) => ({ file, args, options: { ...owner, env } }) };
  if (reaches(plain, binary, directory)) return plain;
  const privileged = withSearchCapability(owner);
  if (privileged && reaches(privileged, binary, directory)) return privileged;
  throw new TallystickError(
    "storage_unavailable",
    `Root's Postgres runs as the account ${accountName}, which may not enter ${directory}; ` +
      "move the project to a directory that others may enter, work as another user, or set a database URL.",
  );
}

function findAccount(): { uid: number; gid: number } | undefined {
  const ids = ["-u", "-g"].map((flag) => spawnSync("id", [flag, accountName], { encoding: "utf8" }));
  const [uid, gid] = ids.map((result) => (result.status === 0 ? Number(result.stdout) : undefined));
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function createAccount(log: (line: string) => void): { uid: number; gid: number } {
  log(`creating the system account ${accountName}: Postgres does not run as root`);
  const args = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", accountName];
  try {
    execFileSync("useradd", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    // Another process may have created it at the same time.
    const created = findAccount();
    if (created) return created;
    const message = `The account ${accountName} could not be created; create it, or work as another user than root.`;
    throw new TallystickError("storage_unavailable", message, { cause });
  }
  const created = findAccount();
  if (!created) throw new TallystickError("storage_unavailable", `The new account ${accountName} can't be found.`);
  return created;
}

// A project in a directory that only root may enter (/root, a mktemp directory) is common in containers. The server
// then keeps root's right to search directories and nothing else. Without no_setuid_fixup, access(2), by which
// Postgres looks for its own files, would not heed the capability.
function withSearchCapability(owner: { uid: number; gid: number }): ServerAccount | undefined {
  const capability = searchCapability();
  if (capability === undefined) return undefined;
  const flags = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    "--clear-groups",
    "--securebits=+no_setuid_fixup",
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
    "--",
  ];
  return {
    owner,
    command: (file, args) => ({ file: "setpriv", args: [...flags, file, ...args], options: { env } }),
  };
}

function searchCapability(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const permitted = /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const has = (bit: bigint): boolean => ((BigInt(`0x${permitted}`) >> bit) & 1n) === 1n;
  if (has(CAP_DAC_READ_SEARCH)) return "dac_read_search";
  return has(CAP_DAC_OVERRIDE) ? "dac_override" : undefined;
}

function reaches(account: ServerAccount, binary: string, directory: string): boolean {
  const { file, args, options } = account.command("/bin/sh", [
    "-c",
    'cd "$1" && "$2" --version',
    "sh",
    directory,
    binary,
  ]);
  return spawnSync(file, args, { ...options, cwd: "/", stdio: "ignore" }).status === 0;
}
