// Who may ask: any secret or restricted test key, as Bearer or as the user of Basic. A live key is never accepted.
import { Refusal } from "./refusal.ts";

const testKey = /^[sr]k_test_\w+$/;

/** @throws Refusal 401 */
export function checkKey(authorization: string | undefined): void {
  const key = keyOf(authorization ?? "");
  if (key === "") {
    throw unauthorized(
      "You did not provide an API key. Provide it in the Authorization header, as Bearer, such as sk_test_sandbox.",
    );
  }
  if (!testKey.test(key)) throw unauthorized(`Invalid API Key provided: ${masked(key)}`);
}

function keyOf(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ");
  if (scheme.toLowerCase() === "bearer") return value.trim();
  if (scheme.toLowerCase() !== "basic") return "";
  return Buffer.from(value, "base64").toString().split(":")[0] ?? "";
}

// No more of it than tells which kind of key it is: it may be a real one, sent to the wrong server.
function masked(key: string): string {
  return `${/^[a-z]{2}_(live|test)_/.exec(key)?.[0] ?? ""}***`;
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, { type: "invalid_request_error", message });
}
