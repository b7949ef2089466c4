// The web-standard handlers that a product mounts on its routes.
import type { Engine } from "../engine.ts";
import { silentLogger } from "../kernel/logger.ts";
import type { TallystickOptions } from "../options.ts";
import { isAuthorized } from "./auth.ts";
import { handleDistributeCredits, handleTick } from "./cron.ts";
import { METRICS_TYPE, prometheusText } from "./metrics.ts";
import { errorResponse, json } from "./respond.ts";
import { handleWebhook, providerOf } from "./webhook.ts";

export type Handler = (request: Request) => Promise<Response>;

export interface Handlers {
  /**
   * `POST /api/webhooks/{provider}`: events of the provider that the path's last part names. Where only one is configured,
   * the path may be any.
   */
  readonly webhook: Handler;
  /** `POST /api/webhooks/stripe`: Stripe's events, or those of the only provider, whatever the path. */
  readonly stripeWebhook: Handler;
  /** `GET|POST /api/distribute-credits` */
  readonly distributeCredits: Handler;
  /** `GET|POST /api/cron/tick` */
  readonly cron: Handler;
  /** `GET|POST|PUT /api/driver`: requests of the driver's service, which the driver verifies. */
  readonly driver: Handler;
  /** `GET /api/metrics`: in Prometheus' text format, for bearers of one of `auth.metricsSecrets`. */
  readonly metrics: Handler;
  /** `GET /api/health`: public; 200 once the migrated database answers. */
  readonly health: Handler;
  /** `/api/v1/*` */
  readonly api: Handler;
}

export function createHandlers(
  engine: Engine,
  options: Pick<TallystickOptions, "auth" | "cronBudgetMs" | "logger">,
): Handlers {
  const { cronSecrets, cronBasic, apiKeys, metricsSecrets } = options.auth ?? {};
  const logger = options.logger ?? silentLogger;
  const credentials = { bearer: cronSecrets ?? [], basic: cronBasic ? [cronBasic] : [] };
  const cron = { engine, logger, credentials, budgetMs: options.cronBudgetMs };
  const { providers } = engine.payment;
  // With the first request: its schemas and what reads them are much to parse for a process that only takes webhooks.
  let api: Promise<{ fetch(request: Request): Response | Promise<Response> }> | undefined;
  const loadApi = async () => (await import("./api/app.ts")).createApi({ engine, logger, apiKeys: apiKeys ?? [] });
  return {
    webhook: async (request) => handleWebhook(engine, request, { provider: providerOf(request, providers), logger }),
    stripeWebhook: async (request) => {
      const provider = providers.length > 1 ? "stripe" : undefined;
      return handleWebhook(engine, request, { provider, logger });
    },
    distributeCredits: async (request) => handleDistributeCredits(cron, request),
    cron: async (request) => handleTick(cron, request),
    async driver(request) {
      try {
        return await engine.receiveWake(request);
      } catch (error) {
        return errorResponse(error, logger);
      }
    },
    async metrics(request) {
      try {
        if (!(await isAuthorized(request.headers.get("authorization"), { bearer: metricsSecrets ?? [], basic: [] }))) {
          return json({ error: "Unauthorized" }, 401, { "www-authenticate": "Bearer" });
        }
        const headers = { "content-type": METRICS_TYPE, "cache-control": "no-store" };
        return new Response(prometheusText(await engine.metrics()), { headers });
      } catch (error) {
        return errorResponse(error, logger);
      }
    },
    async health() {
      try {
        await engine.health();
        return json({ status: "ok" });
      } catch (error) {
        return errorResponse(error, logger);
      }
    },
    async api(request) {
      try {
        return await (await (api ??= loadApi())).fetch(request);
      } catch (error) {
        // A part that could not be loaded is asked for again.
        api = undefined;
        return errorResponse(error, logger);
      }
    },
  };
}
