// /v1/webhook_endpoints. The secret is told once, when the endpoint is made.
import { goodBehaviour } from "../events/outbox.ts";
import type { Api } from "../protocol/api.ts";
import { invalid, missingParameter } from "../protocol/refusal.ts";
import { isVersion } from "../shape/version.ts";
import type { WebhookEndpoint } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Metadata } from "../store/document.ts";
import { createId } from "../store/ids.ts";

export function webhookEndpointRoutes(api: Api): void {
  api.resource("/webhook_endpoints", "webhook_endpoint");
  api.post("/webhook_endpoints", async (change, { params }) => {
    const events = params.texts("enabled_events");
    if (events.length === 0) throw missingParameter("enabled_events");
    const apiVersion = params.text("api_version");
    if (apiVersion !== null && !isVersion(apiVersion)) {
      throw invalid(`Invalid API version: ${apiVersion}`, { param: "api_version" });
    }
    const endpoint = await createEndpoint(change, {
      url: params.required("url"),
      enabled_events: events,
      api_version: apiVersion,
      description: params.text("description"),
      metadata: params.metadata(),
    });
    return { ...endpoint, secret: endpoint._secrets[0]?.secret };
  });
  api.post("/webhook_endpoints/:id", async (change, { params, part }) => {
    const endpoint = await change.get("webhook_endpoint", part("id"));
    const disabled = params.flag("disabled");
    const url = params.text("url");
    const events = params.texts("enabled_events");
    const fields: Partial<WebhookEndpoint> = {
      metadata: params.metadata(endpoint.metadata),
      ...(disabled !== null && { status: disabled ? "disabled" : "enabled" }),
      ...(url !== null && { url: readUrl(url) }),
      ...(events.length > 0 && { enabled_events: events }),
      ...(params.has("description") && { description: params.text("description") }),
    };
    return change.update(endpoint, fields, null);
  });
  api.delete("/webhook_endpoints/:id", async (change, { part }) => {
    const { id } = await change.get("webhook_endpoint", part("id"));
    await change.tx.query("delete from tallystick_sandbox.object where id = $1", [id]);
    return { id, object: "webhook_endpoint", deleted: true };
  });
}

export interface NewEndpoint {
  readonly url: string;
  readonly enabled_events: readonly string[];
  readonly api_version: string | null;
  readonly description: string | null;
  readonly metadata: Metadata;
}

/** An endpoint with a new secret, which is the first of its secrets. */
export async function createEndpoint(change: Change, given: NewEndpoint): Promise<WebhookEndpoint> {
  const document: WebhookEndpoint = {
    id: createId("we"),
    object: "webhook_endpoint",
    application: null,
    created: change.now,
    livemode: false,
    status: "enabled",
    ...given,
    url: readUrl(given.url),
    _secrets: [{ secret: createId("whsec", 32), until_ms: null }],
    _misbehaviour: goodBehaviour,
  };
  return change.create(document, null);
}

// Stripe asks for https; a local server has http.
function readUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalid("Invalid URL: an explicit scheme (such as https) must be provided.", { param: "url" });
  }
  return url;
}
