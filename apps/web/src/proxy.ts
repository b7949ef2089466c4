// Gives every page a content security policy with a nonce of its own; Next.js puts it on its scripts.
import { NextResponse } from "next/server";
import type { NextRequest } from "next/server";
import { env, isDevelopment, usesSandbox } from "./env.ts";

export function proxy(request: NextRequest): NextResponse {
  const policy = contentSecurityPolicy(crypto.randomUUID());
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  return response;
}

export const config = {
  // Pages only: routes answer data, and static files are no documents.
  matcher: [{ source: "/((?!api/|_next/|icon.svg).*)" }],
};

function contentSecurityPolicy(nonce: string): string {
  // The development server evaluates code and injects styles to update the page in place.
  const [script, style] = isDevelopment() ? [" 'unsafe-eval'", "'unsafe-inline'"] : ["", `'nonce-${nonce}'`];
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${script}`,
    `style-src 'self' ${style}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    `form-action 'self' ${paymentPages().join(" ")}`,
    "frame-ancestors 'none'",
  ].join("; ");
}

// Where a form of ours may lead by a redirect: browsers check it against form-action as well.
function paymentPages(): readonly string[] {
  const settings = env();
  if (usesSandbox(settings)) return [`http://127.0.0.1:${settings.TALLYSTICK_SANDBOX_PORT}`];
  if (settings.STRIPE_API_BASE) return [new URL(settings.STRIPE_API_BASE).origin];
  return ["https://checkout.stripe.com", "https://billing.stripe.com"];
}
