// tallystick.config.(mjs|js|ts): the product's catalog, payment provider, channels and tasks, for the command.
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { TallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import type { TallystickOptions } from "../options.ts";
import { defineCatalog } from "../payment/catalog.ts";

export type Config = Omit<TallystickOptions, "database" | "poolSize" | "auth">;

export interface LoadedConfig {
  /** The file's name; undefined when there is none and the catalog is empty. */
  readonly file: string | undefined;
  readonly config: Config;
}

const names = ["tallystick.config.mjs", "tallystick.config.js", "tallystick.config.ts"];

/** Loads the configuration of a directory. @throws invalid_state when the file is no configuration */
export async function loadConfig(directory: string): Promise<LoadedConfig> {
  const file = names.find((name) => existsSync(path.join(directory, name)));
  if (file === undefined) return { file, config: { catalog: defineCatalog({}) } };
  const config = await defaultExport(path.join(directory, file), file);
  if (!isConfig(config)) {
    throw new TallystickError("invalid_state", `${file} must export { catalog: defineCatalog(…), … } as its default.`);
  }
  return { file, config };
}

async function defaultExport(location: string, file: string): Promise<unknown> {
  try {
    const loaded = (await import(pathToFileURL(location).href)) as { default?: unknown };
    return loaded.default;
  } catch (cause) {
    const message = redact(cause instanceof Error ? cause.message : String(cause));
    throw new TallystickError("invalid_state", `${file} could not be loaded: ${message}`, { cause });
  }
}

function isConfig(value: unknown): value is Config {
  if (typeof value !== "object" || value === null || !("catalog" in value)) return false;
  const { catalog } = value;
  return typeof catalog === "object" && catalog !== null && "price" in catalog && typeof catalog.price === "function";
}
