// What the control API takes, checked: JSON, unlike Stripe's forms.
import type { Context } from "hono";
import * as z from "zod";
import { invalid } from "../protocol/refusal.ts";

const rate = z.number().min(0).max(1);
const name = z.string().min(1).max(255);

export const misbehaviourInput = z.strictObject({
  duplicate_rate: rate.optional(),
  reorder_rate: rate.optional(),
  delay_ms: z.int().min(0).max(3_600_000).optional(),
  drop_rate: rate.optional(),
  second_event_rate: rate.optional(),
  sign_with_old_secret: z.boolean().optional(),
});

export const rollInput = z.strictObject({ expires_in_s: z.int().min(0).max(86_400).default(86_400) });

export const faultsInput = z.strictObject({
  faults: z.array(
    z.strictObject({
      kind: z.enum(["timeout", "500", "429"]),
      rate: rate.default(1),
      times: z.int().min(1).nullable().default(null),
      path: z.string().startsWith("/v1/").nullable().default(null),
      after: z.boolean().default(false),
      hold_ms: z.int().min(0).max(600_000).default(30_000),
    }),
  ),
});

export const clockInput = z.union([
  z.strictObject({ advance_s: z.int().min(1) }),
  z.strictObject({ advance_to: z.int().min(1) }),
]);

export const settingsInput = z.strictObject({
  after_dunning: z.enum(["cancel", "unpaid", "past_due"]).optional(),
  dunning_days: z.array(z.int().min(1).max(60)).max(8).optional(),
});

export const disputeInput = z.strictObject({
  inquiry: z.boolean().default(false),
  reason: name.default("fraudulent"),
  amount: z.int().min(1).nullable().default(null),
});

export const pricesInput = z.strictObject({
  prices: z.array(
    z.strictObject({
      id: name,
      name: name.optional(),
      unit_amount: z.int().min(0),
      currency: z.string().length(3).default("usd"),
      interval: z.enum(["day", "week", "month", "year"]).nullable().default(null),
    }),
  ),
});

/** The request's JSON. @throws Refusal */
export async function readInput<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await context.req.text();
  const parsed = schema.safeParse(parse(text === "" ? "{}" : text));
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
  return parsed.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid("The body is no JSON.");
  }
}
