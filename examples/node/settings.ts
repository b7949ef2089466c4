// Every setting, from the environment: all problems are told at once, by name and never by value.
type Read<Value> = (text: string) => Value;

export const settings = readSettings(process.env);
export type Settings = ReturnType<typeof readSettings>;

/** @throws an error that lists every problem */
function readSettings(environment: Readonly<Record<string, string | undefined>>) {
  const problems: string[] = [];

  function optional<Value>(name: string, read: Read<Value>): Value | undefined {
    const text = environment[name]?.trim();
    if (text === undefined || text === "") return undefined;
    try {
      return read(text);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  function required(name: string, read: Read<string>): string {
    const isSet = (environment[name]?.trim() ?? "") !== "";
    if (!isSet) problems.push(`${name} is not set`);
    return optional(name, read) ?? "";
  }

  const found = {
    databaseUrl: required("DATABASE_URL", url("postgres", "postgresql")),
    poolSize: optional("POOL_SIZE", wholeNumber(1, 1_000)) ?? 10,
    host: optional("HOST", String) ?? "0.0.0.0",
    port: optional("PORT", wholeNumber(0, 65_535)) ?? 3_000,
    /** Several, separated by commas, while one is rolled. */
    webhookSecrets: required("STRIPE_WEBHOOK_SECRET", startsWith("whsec_")),
    stripeSecretKey: optional("STRIPE_SECRET_KEY", String),
    cronSecret: optional("CRON_SECRET", secret),
    apiKey: optional("TALLYSTICK_API_KEY", secret),
    redisUrl: optional("REDIS_URL", url("redis", "rediss")),
    /** Does the product's own work: `jobs.ts`. */
    jobServiceUrl: optional("JOB_SERVICE_URL", url("http", "https")),
    nightlyCron: optional("NIGHTLY_CRON", String) ?? "0 3 * * *",
    priceProMonthly: optional("PRICE_PRO_MONTHLY", String) ?? "price_pro_monthly",
    priceCreditsBasic: optional("PRICE_CREDITS_BASIC", String) ?? "price_credits_basic",
    /** Readiness is off for so long before the server takes no more connections: longer than a balancer's probes are apart. */
    stopDelayMs: optional("STOP_DELAY_MS", wholeNumber(0, 60_000)) ?? 5_000,
    /** A stop that takes longer than this is ended; shorter than the service manager's own limit. */
    stopLimitMs: optional("STOP_LIMIT_MS", wholeNumber(1_000, 600_000)) ?? 50_000,
  };
  if (problems.length > 0) throw new Error(`The environment is not valid: ${problems.join("; ")}.`);
  return found;
}

function url(...protocols: readonly string[]): Read<string> {
  return (text) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || !protocols.includes(parsed.protocol.slice(0, -1))) {
      throw new Error(`must be a ${protocols.map((protocol) => `${protocol}://`).join(" or ")} URL`);
    }
    return text;
  };
}

function wholeNumber(least: number, most: number): Read<number> {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`must be a whole number from ${least} to ${most}`);
  };
}

function startsWith(prefix: string): Read<string> {
  return (text) => {
    if (text.split(",").every((part) => part.trim().startsWith(prefix))) return text;
    throw new Error(`must start with ${prefix}`);
  };
}

function secret(text: string): string {
  if (text.length >= 16) return text;
  throw new Error("must have 16 characters or more");
}
