// Clients of a running sandbox: the official SDK for what Stripe has, and its control API for what Stripe has not.
import Stripe from "stripe";

const key = "sk_test_sandbox";

export function sdkFor(url: string): Stripe {
  const { hostname: host, port } = new URL(url);
  return new Stripe(key, { host, port, protocol: "http", telemetry: false, maxNetworkRetries: 0 });
}

/** @throws when the sandbox refuses, with its answer */
export async function control<T>(url: string, path: string, body: object): Promise<T> {
  const response = await fetch(`${url}/sandbox${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`The sandbox refused ${path}: ${JSON.stringify(answer)}`);
  return answer as T;
}
