// For products that mount the handlers on a server of their own choice.
export { createHandlers, type Handler, type Handlers } from "./handlers.ts";
export { WEBHOOK_BODY_LIMIT_BYTES } from "./webhook.ts";
