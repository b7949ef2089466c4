// The one place that reads the environment: validated, every problem reported at once, read when first asked for and
// never while building. A variable that is unset or blank closes its door; it never stops the server.
import * as z from "zod";

const unsetWhenBlank = (value: unknown): unknown =>
  typeof value === "string" && value.trim() === "" ? undefined : value;

const text = z.preprocess(unsetWhenBlank, z.string().optional());
const url = z.preprocess(unsetWhenBlank, z.url({ protocol: /^https?$/, error: "must be a URL" }).optional());
const list = text.transform((value) => (value ?? "").split(",").flatMap((item) => item.trim() || []));
const priceId = (standard: string) => z.preprocess(unsetWhenBlank, z.string().default(standard));
const port = (standard: number) =>
  z.preprocess(
    unsetWhenBlank,
    z.coerce.number({ error: "must be a port number" }).int().min(1).max(65_535).default(standard),
  );
const flag = z
  .preprocess(unsetWhenBlank, z.enum(["0", "1"], { error: "must be 0 or 1" }).default("0"))
  .transform((value) => value === "1");

const variables = z.object({
  DATABASE_URL: z.preprocess(
    unsetWhenBlank,
    z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" }).optional(),
  ),
  PORT: port(3000),
  BETTER_AUTH_SECRET: text,
  BETTER_AUTH_URL: url,
  STRIPE_SECRET_KEY: text,
  STRIPE_WEBHOOK_SECRET: list,
  STRIPE_API_BASE: url,
  TALLYSTICK_SANDBOX: flag,
  TALLYSTICK_SANDBOX_PORT: port(12_111),
  CRON_SECRET: text,
  CRON_JOBS_USERNAME: text,
  CRON_JOBS_PASSWORD: text,
  CRON_BUDGET_SECONDS: z.preprocess(
    unsetWhenBlank,
    z.coerce.number({ error: "must be a number of seconds" }).min(0).max(3600).optional(),
  ),
  TALLYSTICK_API_KEY: text,
  METRICS_SECRET: text,
  DISCORD_WEBHOOK_URL: url,
  FEISHU_WEBHOOK_URL: url,
  FEISHU_WEBHOOK_SECRET: text,
  SLACK_WEBHOOK_URL: url,
  DINGTALK_WEBHOOK_URL: url,
  DINGTALK_WEBHOOK_SECRET: text,
  WECOM_WEBHOOK_URL: url,
  TELEGRAM_BOT_TOKEN: text,
  TELEGRAM_CHAT_ID: text,
  TELEGRAM_API_BASE: url,
  SMTP_URL: z.preprocess(unsetWhenBlank, z.url({ protocol: /^smtps?$/, error: "must be an smtps:// URL" }).optional()),
  RESEND_API_KEY: text,
  RESEND_API_BASE: url,
  EMAIL_FROM: text,
  EMAIL_TO: list,
  NOTIFICATION_WEBHOOK_URL: url,
  NOTIFICATION_WEBHOOK_SECRET: text,
  NOTIFICATION_LANGUAGE: z.preprocess(
    unsetWhenBlank,
    z.enum(["en", "zh"], { error: "must be en or zh" }).default("en"),
  ),
  TALLYSTICK_ALLOW_PRIVATE_HOSTS: flag,
  TALLYSTICK_DRIVER: z.preprocess(
    unsetWhenBlank,
    z
      .enum(["inline", "bullmq", "inngest", "qstash", "trigger"], {
        error: "must be inline, bullmq, inngest, qstash or trigger",
      })
      .default("inline"),
  ),
  REDIS_URL: z.preprocess(
    unsetWhenBlank,
    z.url({ protocol: /^rediss?$/, error: "must be a redis:// or rediss:// URL" }).optional(),
  ),
  INNGEST_EVENT_KEY: text,
  INNGEST_SIGNING_KEY: text,
  QSTASH_TOKEN: text,
  QSTASH_CURRENT_SIGNING_KEY: text,
  QSTASH_NEXT_SIGNING_KEY: text,
  TRIGGER_SECRET_KEY: text,
  PRICE_PRO_MONTHLY: priceId("price_pro_monthly"),
  PRICE_PRO_YEARLY: priceId("price_pro_yearly"),
  PRICE_LIFETIME: priceId("price_lifetime"),
  PRICE_CREDITS_BASIC: priceId("price_credits_basic"),
  PRICE_CREDITS_PLUS: priceId("price_credits_plus"),
  PRICE_CREDITS_MAX: priceId("price_credits_max"),
});

export type Environment = z.output<typeof variables>;

// Inngest and QStash call the application at its public address.
const neededBy: Readonly<Partial<Record<string, readonly (keyof Environment)[]>>> = {
  bullmq: ["REDIS_URL"],
  inngest: ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY", "BETTER_AUTH_URL"],
  qstash: ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY", "BETTER_AUTH_URL"],
  trigger: ["TRIGGER_SECRET_KEY"],
};

// Also when another variable is wrong: every problem is reported at once.
const when = (): boolean => true;

const schema = variables
  // Pretended payments would stand beside real ones, and both give credits.
  .refine(({ TALLYSTICK_SANDBOX: isOn, STRIPE_SECRET_KEY: key }) => !(isOn && isLiveKey(key ?? "")), {
    path: ["TALLYSTICK_SANDBOX"],
    when,
    error: "must be 0 or empty beside a live STRIPE_SECRET_KEY: the sandbox takes payments that nobody pays",
  })
  .superRefine(
    (settings, context) => {
      const { TALLYSTICK_DRIVER: driver } = settings;
      for (const name of neededBy[driver] ?? []) {
        if (settings[name] !== undefined) continue;
        context.addIssue({ code: "custom", path: [name], message: `is needed by TALLYSTICK_DRIVER=${driver}` });
      }
    },
    { when },
  );

/** Every variable that the application reads, in the order of env.example. */
export const environmentNames: readonly string[] = Object.keys(variables.shape);

/** Validates a set of variables. @throws an error whose message lists every problem, and no value */
export function parseEnvironment(given: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The environment is not valid:\n${problems.join("\n")}`);
}

let current: Environment | undefined;

/** The environment of this process, validated on the first call. */
export function env(): Environment {
  return (current ??= parseEnvironment(process.env));
}

/** Whether real money moves with this key of Stripe's. */
export function isLiveKey(key: string): boolean {
  return /^[sr]k_live_/.test(key.trim());
}

/** True where each request may be a process of its own: one connection, and no resident worker. */
export function isServerless(): boolean {
  return Boolean(process.env.VERCEL);
}

/**
 * Whether a local Stripe takes the place of the real one: it was asked for, there is no key, and the server stays. Any
 * key wins over it, as whoever sets one means the Stripe that it belongs to.
 */
export function usesSandbox(settings: Environment): boolean {
  return settings.TALLYSTICK_SANDBOX && settings.STRIPE_SECRET_KEY === undefined && !isServerless();
}

/** True under the development server, whose pages need a looser content security policy. */
export function isDevelopment(): boolean {
  return process.env.NODE_ENV === "development";
}
