// The base of every server action that acts for a user: the user comes from the session and never from the client.
import { createSafeActionClient } from "next-safe-action";
import { auth } from "../auth/auth.ts";
import { headers } from "next/headers";
import { logger } from "../logger.ts";

class SignedOutError extends Error {}

export const signedInAction = createSafeActionClient({
  handleServerError(error) {
    if (error instanceof SignedOutError) return error.message;
    logger.error({ error: error.message }, "server action failed");
    return "Something went wrong and nothing was changed. Try again.";
  },
}).use(async ({ next }) => {
  const session = await auth()?.api.getSession({ headers: await headers() });
  if (!session) throw new SignedOutError("You are signed out. Sign in and try again.");
  return next({ ctx: { userId: session.user.id } });
});
