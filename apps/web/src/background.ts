// What a server does besides answering: migrates when it starts and, where it stays, runs the worker that keeps
// tasks moving and the local Stripe, if there is to be one.
import { migrateAll } from "./database/migrate.ts";
import { env, isServerless } from "./env.ts";
import { logger } from "./logger.ts";
import { localStripe, startLocalStripe } from "./sandbox.ts";
import { tally } from "./tally.ts";

const retryMs = 5000;

/**
 * A database that is not up yet does not stop the server: its health route tells, and this tries again.
 * @throws when the environment is not valid, which no later try could mend
 */
export async function migrateThenWork(): Promise<void> {
  env();
  try {
    await migrateAll();
  } catch (error) {
    logger.error({ error: error instanceof Error ? error.message : String(error) }, "migration failed");
    if (!isServerless()) setTimeout(() => void migrateThenWork(), retryMs).unref();
    return;
  }
  if (isServerless()) return;
  await startLocalStripe();
  // Where a service calls the application or runs its tasks elsewhere, a worker here would take its work from it.
  const works = ["inline", "bullmq"].includes(env().TALLYSTICK_DRIVER);
  const worker = works ? tally().run() : undefined;
  // The server itself waits for open requests and then exits; a task that is cut off is claimed again.
  const stop = (): void => {
    void worker?.stop();
    void localStripe()?.stop();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
