// What every call of billing is given, and the provider that it asks.
import type { Database } from "../../db/database.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { Catalog } from "../catalog.ts";
import type { ProviderActions } from "../provider-actions.ts";
import type { Providers } from "../providers.ts";

export interface BillingContext {
  readonly database: Database;
  readonly providers: Providers;
  readonly catalog: Catalog;
}

export interface Seller {
  readonly name: string;
  readonly actions: ProviderActions;
}

/** The provider of that name, or the only one. @throws not_found; invalid_state when it can't be asked to do anything */
export function requireSeller({ providers }: BillingContext, provider: string | undefined): Seller {
  const { name, actions } = providers.require(provider);
  if (actions !== undefined) return { name, actions };
  throw new TallystickError(
    "invalid_state",
    name === "stripe"
      ? "Stripe can't be asked to do anything without a secret key; give stripe({ secretKey }) one."
      : `Payment provider ${name} can't be asked to do this; it only tells what happened.`,
  );
}
