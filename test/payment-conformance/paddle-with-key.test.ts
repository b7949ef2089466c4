// Paddle Billing conforms when what changes is read from its API.
import { afterAll } from "vitest";
import { conforms } from "./conforms.ts";
import { paddleAdapter } from "./paddle-adapter.ts";
import { serveProviderApi } from "./provider-api.ts";

const api = await serveProviderApi({ error: { type: "request_error", code: "not_found" } });
afterAll(async () => api[Symbol.asyncDispose]());

conforms("Paddle with a key", paddleAdapter(api));
