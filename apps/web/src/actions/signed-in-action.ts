// The base of every server action that acts for a user: the user comes from the session and never from the client.
import { createSafeActionClient } from "next-safe-action";
import { headers } from "next/headers";
import { isTallystickError } from "tallystick";
import { auth } from "../auth/auth.ts";
import { logger } from "../logger.ts";
import { explainRefusal, Refusal } from "./refusal.ts";

export const signedInAction = createSafeActionClient({
  handleServerError(error) {
    if (error instanceof Refusal) return error.message;
    const explained = isTallystickError(error) ? explainRefusal(error) : undefined;
    if (explained !== undefined) {
      logger.info({ reason: error.message }, "server action refused");
      return explained;
    }
    logger.error({ error: error.message }, "server action failed");
    return "Something went wrong and nothing was changed. Try again.";
  },
}).use(async ({ next }) => {
  const session = await auth()?.api.getSession({ headers: await headers() });
  if (!session) throw new Refusal("You are signed out. Sign in and try again.");
  return next({ ctx: { userId: session.user.id, email: session.user.email } });
});
