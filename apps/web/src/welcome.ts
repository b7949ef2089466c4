// What every new account gets: the free plan, whose first month is granted at once, and the sign-up gift.
import { eq } from "drizzle-orm";
import { user } from "./auth/schema.ts";
import { freePlanId, registerGift } from "./catalog.ts";
import { database } from "./database/pool.ts";
import { logger } from "./logger.ts";
import { tally } from "./tally.ts";

const dayMs = 86_400_000;

/**
 * Gives a user what a sign-up gives. Both parts are idempotent, so a call that was cut off is repeated safely; a
 * failure is logged and leaves `welcomedAt` empty, and the next visit of the credits page repeats it.
 */
export async function welcome({ id: userId, createdAt }: { id: string; createdAt: Date }): Promise<void> {
  try {
    const { credits } = tally();
    await credits.enrol({ userId, planId: freePlanId });
    await credits.grant({
      userId,
      amount: registerGift.credits,
      type: "register_gift",
      // From the sign-up, not from now: a repeated call must be the same call.
      expiresAt: new Date(createdAt.getTime() + registerGift.validDays * dayMs),
      description: "Sign-up gift",
      idempotencyKey: "register-gift",
    });
    await database().update(user).set({ welcomedAt: new Date() }).where(eq(user.id, userId));
  } catch (error) {
    logger.error({ userId, error: error instanceof Error ? error.message : String(error) }, "welcome credits failed");
  }
}
