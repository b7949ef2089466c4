// The address under which people reach the application. It is configured: what a request says of it decides nothing.
import { env } from "./env.ts";

export function publicUrl(): string {
  const settings = env();
  return settings.BETTER_AUTH_URL ?? `http://localhost:${settings.PORT}`;
}

/** The absolute address of one of the application's own pages. */
export function pageUrl(path: string): string {
  return new URL(path, publicUrl()).href;
}
