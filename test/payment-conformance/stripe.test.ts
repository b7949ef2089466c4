// Stripe conforms when a subscription's state is read from its API.
import { afterAll } from "vitest";
import { conforms } from "./conforms.ts";
import { serveProviderApi } from "./provider-api.ts";
import { stripeAdapter } from "./stripe-adapter.ts";

const api = await serveProviderApi({ error: { type: "invalid_request_error", code: "resource_missing" } });
afterAll(async () => api[Symbol.asyncDispose]());

conforms("Stripe with a key", stripeAdapter(api));
