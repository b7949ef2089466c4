// The webhook endpoint: verify, store durably, and only then answer 200. What happens next is the task runtime's.
import type { Engine } from "../engine.ts";
import type { ErrorCode } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { readBody } from "./read-body.ts";
import { json, toTallystickError } from "./respond.ts";

export const WEBHOOK_BODY_LIMIT_BYTES = 1024 * 1024;

// The reference's answers, word for word where it has one.
const texts: Partial<Record<ErrorCode, string>> = {
  invalid_signature: "Invalid signature",
  invalid_request: "Invalid event",
  payload_too_large: "Payload too large",
  not_found: "Unknown provider",
};

/** Where only one provider is configured it takes every path; else the path's last part names one. */
export function providerOf(request: Request, names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : new URL(request.url).pathname.replace(/\/+$/, "").split("/").at(-1);
}

export async function handleWebhook(
  engine: Pick<Engine, "payment">,
  request: Request,
  { provider, logger }: { readonly provider: string | undefined; readonly logger: Logger },
): Promise<Response> {
  if (request.method !== "POST") return json({ error: "Method not allowed" }, 405, { allow: "POST" });
  try {
    const body = await readBody(request, WEBHOOK_BODY_LIMIT_BYTES);
    await engine.payment.handleWebhookEvent(body, request.headers, { provider });
    return json({ received: true });
  } catch (cause) {
    const error = toTallystickError(cause, logger);
    // Anything but 2xx makes the provider try again, for days; so does every failure to store.
    const status = error.status === 500 ? 503 : error.status;
    logger.warn({ code: error.code, message: error.message }, "a webhook was refused");
    return json({ error: texts[error.code] ?? "Temporarily unavailable" }, status);
  }
}
