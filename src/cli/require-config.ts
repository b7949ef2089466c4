// The refusal of commands that would do harm, or nothing, with the empty catalog of a directory without a configuration.
import { TallystickError } from "../kernel/errors.ts";

/** @throws invalid_state when there is no configuration; `without` says what that means. */
export function requireConfig(configFile: string | undefined, without: string): void {
  if (configFile !== undefined) return;
  throw new TallystickError(
    "invalid_state",
    `No tallystick.config.mjs, .js or .ts was found here; without it ${without}`,
  );
}

/** The same, for commands that grant by the catalog's plans. @throws invalid_state */
export function requirePlans(configFile: string | undefined): void {
  requireConfig(configFile, "this process knows no plan. Nothing was changed.");
}
