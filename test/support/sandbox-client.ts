// Clients of a running sandbox: the official SDK, the control API, and a payer on its checkout page.
import Stripe from "stripe";

export const SANDBOX_KEY = "sk_test_sandbox";

/** The official SDK, pointed at a sandbox. */
export function sdkFor(url: string): Stripe {
  const { hostname: host, port } = new URL(url);
  return new Stripe(SANDBOX_KEY, { host, port, protocol: "http", telemetry: false, maxNetworkRetries: 0 });
}

export async function control<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/sandbox${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${SANDBOX_KEY}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T;
  if (!response.ok) throw new Error(`The sandbox refused ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Pays a checkout session on its page, as a browser's form does. */
export async function payOnPage(session: Stripe.Checkout.Session, method = "4242424242424242"): Promise<Response> {
  return fetch(session.url ?? "", {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ do: "pay", method, email: "payer@example.com" }),
  });
}
