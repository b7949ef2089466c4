// Sign-up, sign-in and sessions: better-auth with e-mail and password, in the application's own tables.
import { drizzleAdapter } from "@better-auth/drizzle-adapter";
import { betterAuth } from "better-auth";
import { database } from "../database/pool.ts";
import { env, isServerless } from "../env.ts";
import { oncePerProcess } from "../once-per-process.ts";
import { publicUrl } from "../public-url.ts";
import { welcome } from "../welcome.ts";
import * as schema from "./schema.ts";

/** The process's authentication; undefined while BETTER_AUTH_SECRET is not set, which closes sign-in. */
export function auth() {
  const secret = env().BETTER_AUTH_SECRET;
  return secret === undefined ? undefined : oncePerProcess("auth", () => createAuth(secret));
}

function createAuth(secret: string) {
  const configuredUrl = env().BETTER_AUTH_URL;
  return betterAuth({
    appName: "Tallystick",
    secret,
    baseURL: publicUrl(),
    trustedOrigins: (request) => (configuredUrl === undefined && request ? requestOrigins(request.headers) : []),
    database: drizzleAdapter(database(), { provider: "pg", schema }),
    emailAndPassword: { enabled: true, minPasswordLength: 8 },
    user: {
      additionalFields: {
        role: { type: "string", input: false, defaultValue: "user" },
        welcomedAt: { type: "date", input: false, required: false },
      },
    },
    databaseHooks: { user: { create: { after: welcome } } },
    // In the database, so that all processes count together.
    rateLimit: {
      enabled: true,
      storage: "database",
      customRules: { "/sign-in/email": { window: 60, max: 10 }, "/sign-up/email": { window: 60, max: 30 } },
    },
    advanced: { useSecureCookies: configuredUrl?.startsWith("https://") ?? isServerless() },
    telemetry: { enabled: false },
  });
}

// Without a public address the application answers on any host, and trusts the origin that the request was sent to.
// Another site's page can set neither of these headers. Behind a proxy that ends TLS the scheme seen here is http.
function requestOrigins(headers: Headers): string[] {
  const host = headers.get("x-forwarded-host")?.split(",")[0]?.trim() ?? headers.get("host");
  return host ? [`https://${host}`, `http://${host}`] : [];
}
