// The shapes of the views on the ledger: what they are asked and what they answer.
import { z } from "@hono/zod-openapi";
import { creditTypes } from "../../credits/input.ts";
import { exportFormats } from "../../credits/insight/export.ts";
import { usageGroups } from "../../credits/insight/usage.ts";
import { pageQuery, text, time, unitQuery } from "./schemas.ts";

const id = z.string().regex(/^\d{1,15}$/);
const count = z.int();
const day = z.string().openapi({ description: "A local date.", example: "2027-01-31" });

function listOf(name: string, words: readonly string[]): z.ZodString {
  return z
    .string()
    .regex(/^[a-z_]+(,[a-z_]+)*$/)
    .openapi({ description: `${name}, separated by commas: ${words.join(", ")}.` });
}

export const momentQuery = z.object({
  at: time.optional().openapi({ description: "A past moment: answers what was answered then." }),
});

const rangeQuery = z.object({
  from: time.optional().openapi({ description: "The first moment." }),
  to: time.optional().openapi({ description: "The first moment that is no longer part." }),
});
export const timeZoneQuery = z.object({
  timeZone: text(100).optional().openapi({ description: "Where days begin: an IANA zone.", example: "Europe/Berlin" }),
});

export const filterQuery = rangeQuery.extend({
  type: listOf("Types of entries", creditTypes).optional(),
  feature: text(255).optional(),
  member: text(255).optional(),
  paymentId: id.optional(),
  operationId: id.optional().openapi({ description: "The entries that one operation wrote." }),
  sign: z.enum(["positive", "negative"]).optional(),
});

const journalCursor = z
  .string()
  .regex(/^\d{1,6}-\d{1,15}$/)
  .optional()
  .openapi({ description: "`nextCursor` of the page before, asked with the same filter and order." });

export const historyQuery = filterQuery.extend({
  ...unitQuery.shape,
  limit: pageQuery.shape.limit,
  order: z.enum(["asc", "desc"]).optional().openapi({ description: "`desc`, newest first, by default." }),
  cursor: journalCursor,
});

export const exportQuery = filterQuery.extend({
  ...unitQuery.shape,
  format: z.enum(exportFormats),
  userId: text(255).optional().openapi({ description: "One account; default the whole ledger." }),
});

export const entrySchema = z
  .object({
    id: z.string(),
    userId: z.string().openapi({ description: "The user id under which it was written." }),
    unit: z.string(),
    seq: count,
    type: z.string(),
    amount: count,
    balanceAfter: count.openapi({ description: "The running sum of the account's journal." }),
    remainingAmount: count.nullable(),
    expirationDate: time.nullable(),
    operationId: z.string(),
    paymentId: z.string().nullable(),
    refundOfId: z.string().nullable(),
    feature: z.string().nullable(),
    member: z.string().nullable(),
    actor: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    createdAt: time,
  })
  .openapi("Transaction");

export const usageQuery = rangeQuery.extend({
  ...unitQuery.shape,
  ...timeZoneQuery.shape,
  by: listOf("What rows are told apart by", usageGroups).optional(),
  type: filterQuery.shape.type,
  feature: text(255).optional(),
  member: text(255).optional(),
});

export const usageSchema = z
  .object({
    timeZone: z.string(),
    rows: z.array(
      z.object({
        day: day.nullable(),
        feature: z.string().nullable(),
        member: z.string().nullable(),
        type: z.string().nullable(),
        unit: z.string(),
        debited: count,
        credited: count,
        entries: count,
      }),
    ),
  })
  .openapi("Usage");

const month = z
  .string()
  .regex(/^\d{4}-\d\d$/)
  .openapi({ example: "2027-01" });
export const monthlyQuery = unitQuery.extend({
  ...timeZoneQuery.shape,
  from: month.optional(),
  to: month.optional().openapi({ description: "The last month, itself included; default the present one." }),
});
export const monthlySchema = z
  .object({
    month,
    unit: z.string(),
    granted: count,
    rolledOver: count,
    adjusted: count,
    used: count,
    refunded: count,
    expired: count,
    clawedBack: count,
    reinstated: count,
    transferred: count,
    outstanding: count,
  })
  .openapi("MonthlyCredits");

export const deferredQuery = rangeQuery.extend({
  ...momentQuery.shape,
  ...pageQuery.shape,
  userId: text(255).optional(),
});
export const deferredSchema = z
  .object({
    paymentId: z.string(),
    provider: z.string(),
    userId: z.string().nullable(),
    type: z.string(),
    paidAt: time.nullable(),
    currency: z.string().nullable(),
    paidAmount: count.nullable(),
    returnedAmount: count,
    granted: count,
    toCome: count,
    used: count,
    expired: count,
    clawedBack: count,
    adjusted: count,
    transferred: count,
    remaining: count,
    deferredAmount: count
      .nullable()
      .openapi({ description: "Minor units: floor(paid × (remaining + toCome) / (granted + toCome))." }),
  })
  .openapi("DeferredRevenue");

const withinDays = z.coerce.number().int().min(1).max(366).optional();
export const expiringQuery = unitQuery.extend({
  limit: pageQuery.shape.limit,
  cursor: z
    .string()
    .regex(/^\d{1,18}-\d{1,15}$/)
    .optional(),
  withinDays: withinDays.openapi({ description: "1 to 366, default 30." }),
  userId: text(255).optional(),
});
export const expiringSchema = z
  .object({
    userId: z.string(),
    unit: z.string(),
    lotId: z.string(),
    type: z.string(),
    expiring: count,
    held: count,
    expiresAt: time,
    paymentId: z.string().nullable(),
  })
  .openapi("ExpiringLot");
export const expiringByDayQuery = unitQuery.extend({ ...timeZoneQuery.shape, withinDays });
export const expiringDaySchema = z
  .object({ day, unit: z.string(), expiring: count, held: count, lots: count, accounts: count })
  .openapi("ExpiringDay");
