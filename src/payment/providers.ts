// The payment providers of one engine: each is found by its name, which its events carry for ever.
import { TallystickError } from "../kernel/errors.ts";
import type { PaymentProvider } from "./provider.ts";

export interface Providers {
  readonly all: readonly PaymentProvider[];
  /** Of all their events. */
  readonly personalFields: readonly string[];
  /**
   * The provider of that name, or without a name the only one.
   * @throws not_found when there is none, invalid_request when one must be named
   */
  require(name?: string): PaymentProvider;
}

/** @throws invalid_request when two have one name, or a name does not fit into a path */
export function createProviders(configured: PaymentProvider | readonly PaymentProvider[] | undefined): Providers {
  const all = configured === undefined ? [] : [configured].flat();
  const byName = new Map(all.map((provider) => [provider.name, provider]));
  if (byName.size < all.length) throw new TallystickError("invalid_request", "Two payment providers have one name.");
  const odd = all.find(({ name }) => !/^[a-z][a-z0-9_-]{0,62}$/.test(name));
  if (odd !== undefined) {
    throw new TallystickError(
      "invalid_request",
      `A payment provider's name is lower case, as a path's part: ${odd.name}`,
    );
  }
  return {
    all,
    personalFields: all.flatMap(({ personalFields }) => personalFields ?? []),
    require(name) {
      if (name === undefined && all.length > 1) {
        throw new TallystickError(
          "invalid_request",
          `Several payment providers are configured; name one: ${[...byName.keys()].join(", ")}.`,
        );
      }
      const found = name === undefined ? all[0] : byName.get(name);
      if (found !== undefined) return found;
      const missing = name === undefined ? "No payment provider" : `No payment provider ${name.slice(0, 63)}`;
      throw new TallystickError("not_found", `${missing} is configured.`);
    },
  };
}
