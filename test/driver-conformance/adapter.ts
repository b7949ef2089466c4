// What the suite needs of a driver and its service.
import type { Driver } from "../../src/index.ts";

export interface DriverAdapter {
  readonly name: string;
  /** A driver on the service, for one engine, with a worker that ticks this often; undefined: inline. */
  driver(tickEveryMs: number): Driver | undefined;
  /** Takes all away that the service holds, as a flush does; absent where the driver holds nothing. */
  lose?: () => Promise<void>;
  /** Takes the service away, and brings it back as it starts anew. */
  stop?: () => Promise<void>;
  start?: () => Promise<void>;
  end(): Promise<void>;
}
