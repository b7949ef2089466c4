// What the suite needs of a driver's service.
import type { DriverKind } from "./drivers.ts";

export interface DriverService {
  readonly kind: DriverKind;
  readonly url: string;
  /** Takes all away that the service holds, as a flush does; absent where it holds nothing. */
  lose?: () => Promise<void>;
  /** Takes the service away, and brings it back as it starts anew. */
  stop?: () => Promise<void>;
  start?: () => Promise<void>;
  /** Has the service's schedule fire now; absent where workers tick as they begin. */
  tick?: () => Promise<void>;
  /** How often the schedule fires while tests run; absent where workers keep it. */
  tickEvery?: (ms: number) => void;
  end(): Promise<void>;
}
