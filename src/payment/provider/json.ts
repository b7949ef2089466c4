// Readers of untrusted JSON: each answers the value when it has the expected type, and null (or an empty thing) when
// it has not, so that no payload, however malformed, can throw a TypeError or pass a wrong type on.

export type Json = Readonly<Record<string, unknown>>;

const none: Json = Object.freeze({});

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function record(value: unknown): Json {
  return isRecord(value) ? value : none;
}

/** The objects of an array; an empty one stands for what is none. */
export function records(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

/** A string that is not empty. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A whole number. */
export function integer(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

/** The JSON object of a webhook's raw body; or what the body is instead. */
export function parseObject(
  body: Uint8Array,
): { readonly object: Json } | { readonly instead: string; cause?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    return { instead: "it is no JSON in UTF-8.", cause: error };
  }
  return isRecord(value) ? { object: value } : { instead: "it is no JSON object." };
}
