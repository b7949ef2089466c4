// The entry: the engine with its HTTP handlers.
import { createEngine, type Engine } from "./engine.ts";
import { createHandlers, type Handlers } from "./http/handlers.ts";
import { listenedTo } from "./kernel/telemetry.ts";
import type { TallystickOptions } from "./options.ts";

export interface Tallystick extends Engine {
  /** Web-standard handlers, Request to Response, for any framework. */
  readonly handlers: Handlers;
}

/**
 * Makes the engine. It opens no connection and starts no timer before it is used.
 * @throws invalid_request when the options are not valid
 */
export function createTallystick(options: TallystickOptions): Tallystick {
  const engine = createEngine(options);
  const tally = { ...engine, handlers: createHandlers(engine, options) };
  return options.telemetry === undefined ? tally : listenedTo(tally, options.telemetry);
}
