// Who may call: secrets compared in constant time over their digests, several at once for rotation. A door without a
// secret is closed.

const encoder = new TextEncoder();

/** A set of credentials; empty texts are dropped, so that an unset variable opens nothing. */
export interface Credentials {
  readonly bearer: readonly string[];
  readonly basic: readonly { readonly username: string; readonly password: string }[];
}

/** Tells whether a request's Authorization header carries one of the credentials. */
export async function isAuthorized(header: string | null, credentials: Credentials): Promise<boolean> {
  const match = /^(Bearer|Basic) +(\S+) *$/i.exec(header ?? "");
  if (match?.[1] === undefined || match[2] === undefined) return false;
  const scheme = match[1].toLowerCase();
  const given = scheme === "bearer" ? match[2] : decodeBase64(match[2]);
  if (given === null) return false;
  const accepted =
    scheme === "bearer"
      ? credentials.bearer.filter((secret) => secret !== "")
      : // user-id and password are divided by the first colon (RFC 7617), so a password may contain more.
        credentials.basic
          .filter(({ username, password }) => username !== "" && password !== "")
          .map(({ username, password }) => `${username}:${password}`);
  const results = await Promise.all(accepted.map(async (secret) => equalInConstantTime(given, secret)));
  return results.includes(true);
}

async function equalInConstantTime(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

function decodeBase64(text: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    // Not base64 or not UTF-8: no credentials.
    return null;
  }
}
