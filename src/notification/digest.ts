// Digests by Web Crypto, which every runtime has.

/** The HMAC-SHA-256 of a message, in base64. */
export async function hmacSha256(key: string, message: string): Promise<string> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const hmac = await crypto.subtle.importKey("raw", encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", hmac, encode(message));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}

/**
 * A name for a message in places that take few characters: headers, addresses. 32 hexadecimal digits, the same for the
 * same parts.
 */
export async function shortDigest(...parts: readonly string[]): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\n")));
  return [...new Uint8Array(bytes).subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
