// Where a provider's API is: another server that speaks it may stand in.
import { TallystickError } from "../../kernel/errors.ts";

/** Reads an `apiBase` option; null when it is not given. @throws invalid_request when it is not an http(s) origin */
export function parseApiBase(provider: string, apiBase: string | undefined): URL | null {
  if (apiBase === undefined || apiBase.trim() === "") return null;
  const url = URL.canParse(apiBase) ? new URL(apiBase) : null;
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  if (!isOrigin) {
    throw new TallystickError(
      "invalid_request",
      `${provider}'s apiBase must be an origin without a path, such as http://127.0.0.1:12111.`,
    );
  }
  return url;
}
