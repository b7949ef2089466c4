// The secrets that a provider signs its webhooks with: several while one is rolled.

/** The secrets of a list or a comma-separated text, trimmed; empty ones are dropped, as anyone can sign with those. */
export function parseSecrets(secrets: string | readonly string[]): readonly string[] {
  return [secrets]
    .flat()
    .flatMap((secret) => secret.split(","))
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
}
