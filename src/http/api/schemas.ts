// The REST API's shapes. The OpenAPI document is made from these, and every request is checked against them.
import { z } from "@hono/zod-openapi";
import { grantTypes } from "../../credits/input.ts";
import { errorCodes } from "../../kernel/errors.ts";

export const credits = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .openapi({ description: "Credits: a whole number.", example: 10 });
export const time = z.iso.datetime({ offset: true }).openapi({ format: "date-time" });
export const text = (maxLength: number): z.ZodString => z.string().min(1).max(maxLength);
const quantity = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .openapi({ description: "How much of the feature: the catalog's price table says what it costs.", example: 3 });

export const errorSchema = z
  .object({
    error: z.looseObject({ code: z.enum(Object.keys(errorCodes) as [string, ...string[]]), message: z.string() }),
  })
  .openapi("Error");

export const userIdParam = z.object({
  userId: text(255).openapi({
    param: { name: "userId", in: "path" },
    description: "The product's user id, opaque here.",
  }),
});
export const idParam = z.object({ id: text(255).openapi({ param: { name: "id", in: "path" } }) });
export const unitQuery = z.object({
  unit: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,31}$/)
    .optional()
    .openapi({ description: "What is counted; default `credit`." }),
});
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).optional().openapi({ description: "1 to 100, default 20." }),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .openapi({ description: "`nextCursor` of the page before." }),
});
export const idempotencyHeader = z.object({
  "idempotency-key": text(255).optional().openapi({
    description: "The same key has one effect and one answer; another request under it is a conflict.",
  }),
});

export const accountSchema = z
  .object({
    userId: z.string(),
    unit: z.string(),
    balance: z.int(),
    available: z.int(),
    held: z.int(),
    debt: z.int(),
    at: time.optional().openapi({ description: "The past moment that was asked for." }),
    book: z.int().optional().openapi({ description: "The sum of the journal at that moment." }),
    lots: z.array(
      z.object({
        id: z.string(),
        type: z.string(),
        amount: z.int(),
        remaining: z.int(),
        expiresAt: time.nullable(),
        priority: z.int(),
      }),
    ),
  })
  .openapi("Account");

/** What a new lot may be told, by a grant or a positive adjustment. */
export const lotFields = {
  expiresAt: time
    .optional()
    .openapi({ description: "The credits are spendable before this moment; absent: for ever." }),
  effectiveAt: time.optional().openapi({ description: "The credits are spendable from this moment; absent: now." }),
  priority: z.int().min(0).max(1000).optional().openapi({ description: "Lower burns first; default 100." }),
  scope: z
    .array(text(255))
    .min(1)
    .max(100)
    .optional()
    .openapi({ description: "The features that may use the credits; absent: all." }),
};

export const grantBody = z
  .strictObject({
    amount: credits,
    type: z.enum(grantTypes),
    ...lotFields,
    description: text(1000).optional(),
  })
  .openapi("GrantRequest");

export const grantAnswer = z
  .object({ transactionId: z.string(), balance: z.int(), available: z.int() })
  .openapi("GrantAnswer");

export const consumeBody = z
  .strictObject({
    amount: credits.optional(),
    quantity: quantity.optional(),
    description: text(1000).optional(),
    feature: text(255).optional(),
    member: text(255)
      .optional()
      .openapi({ description: "Who of a shared account spends; counted by the member's own limits too." }),
  })
  .openapi("ConsumeRequest", { description: "Either `amount`, or `quantity` with its `feature`." });

export const costQuery = z.object({
  feature: text(255),
  quantity: z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .pipe(quantity),
});

export const costAnswer = z
  .object({ feature: z.string(), quantity: z.int(), unit: z.string(), amount: z.int() })
  .openapi("Cost");

export const consumeAnswer = z
  .object({
    transactionId: z.string(),
    balance: z.int(),
    available: z.int(),
    allocations: z.array(z.object({ lotId: z.string(), amount: z.int() })),
  })
  .openapi("ConsumeAnswer");

export const eventStatuses = ["pending", "processed", "ignored", "dead"] as const;
export const eventSchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    eventId: z.string(),
    type: z.string(),
    status: z.enum(eventStatuses),
    apiVersion: z.string().nullable(),
    livemode: z.boolean().nullable(),
    taskId: z.string().nullable(),
    receivedAt: time,
    processedAt: time.nullable(),
  })
  .openapi("Event");

export const taskStatuses = ["pending", "running", "done", "dead", "cancelled"] as const;
export const taskSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(taskStatuses),
    payload: z.record(z.string(), z.unknown()),
    lane: z.string().nullable(),
    attempts: z.int(),
    maxAttempts: z.int(),
    lastError: z.string().nullable(),
    runAt: time,
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .openapi("Task");
export const taskDetailSchema = taskSchema
  .extend({
    history: z.array(
      z.object({
        attempt: z.int(),
        outcome: z.string(),
        error: z.string().nullable(),
        worker: z.string().nullable(),
        startedAt: time,
        finishedAt: time.nullable(),
      }),
    ),
  })
  .openapi("TaskDetail");

export const replayAnswer = z.object({ id: z.string(), status: z.literal("pending") }).openapi("ReplayAnswer");

export const auditQuery = z.object({
  userId: z.string().min(1).max(255).optional().openapi({ description: "Only this user's accounts." }),
  unit: z.string().optional(),
  equation: z
    .string()
    .optional()
    .openapi({ description: "Only these equations, by name or number, separated by commas." }),
});

export const auditSchema = z
  .object({
    ok: z.boolean(),
    accounts: z.int(),
    violations: z.array(
      z.object({
        equation: z.string(),
        number: z.int(),
        userId: z.string().nullable(),
        unit: z.string().nullable(),
        accountId: z.string().nullable(),
        entryId: z.string().nullable(),
        lotId: z.string().nullable(),
        holdId: z.string().nullable(),
        paymentId: z.string().nullable(),
        limitId: z.string().nullable(),
        actual: z.int().nullable(),
        expected: z.int().nullable(),
        detail: z.string(),
      }),
    ),
    seals: z.object({ checked: z.int(), entries: z.int(), unsealed: z.int() }).nullable(),
  })
  .openapi("Audit");

export function pageOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}
