// The body of a webhook: { type, timestamp, data }, under 20 KB, as Standard Webhooks asks.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

export const MAX_PAYLOAD_BYTES = 20_000;

export interface PayloadInput {
  readonly type: string;
  readonly timestamp: Date;
  readonly data: unknown;
}

/** Writes the body. Data that is too large is cut, its longest texts and lists first, and says so: `truncated: true`. */
export function payloadOf({ type, timestamp, data }: PayloadInput): string {
  const write = (fitted: unknown): string => JSON.stringify({ type, timestamp, data: fitted });
  let body = write(data);
  for (let limit = 1024; Buffer.byteLength(body) >= MAX_PAYLOAD_BYTES && limit >= 1; limit /= 2) {
    body = write({ ...(cut(data, limit) as object), truncated: true });
  }
  return body;
}

function cut(value: unknown, limit: number): unknown {
  if (typeof value === "string") return value.slice(0, limit);
  if (Array.isArray(value)) return value.slice(0, Math.ceil(limit / 16)).map((item) => cut(item, limit));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cut(inner, limit)]));
}
