// The logging port. The library logs through it and nothing else; pino, winston and console all fit.

export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

// User names, passwords and whole paths of webhook URLs are secrets; bearer tokens and Stripe keys too. Personal: mail
// addresses, as providers and mail servers put them into their errors.
const secretPatterns: readonly [RegExp, string][] = [
  [/\b(https?:\/\/)(?:[^\s/?#"']*@)?([^\s/?#"']+)[^\s"']*/gi, "$1$2/…"],
  [/\bpostgres(?:ql)?:\/\/[^\s"']+/gi, "postgres://…"],
  [/\b(sk|rk|pk)_[A-Za-z0-9_]+/g, "$1_…"],
  // Base64 where it is an endpoint's.
  [/\bwhsec_[A-Za-z0-9_+/=-]+/g, "whsec_…"],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, "$1 …"],
  // A person's address; whose mail it is served by tells where to look.
  [/[\p{L}\p{N}._%+-]{1,64}@((?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,63})/gu, "…@$1"],
];

/** The message of something thrown, without what may be a secret or personal. */
export function redactedMessage(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error));
}

/** Replaces what may be secret or personal (URL paths, keys, tokens, mail addresses) in a text that is stored or logged. */
export function redact(text: string): string {
  return secretPatterns.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
