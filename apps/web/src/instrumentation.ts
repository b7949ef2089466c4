// Runs once when a server starts: migrates, and on a resident server starts the worker that keeps tasks moving.
import { migrateAll } from "./database/migrate.ts";
import { isServerless } from "./env.ts";
import { logger, tally } from "./tally.ts";

const retryMs = 5000;

export async function register(): Promise<void> {
  await migrateThenWork();
}

// A database that is not up yet does not stop the server: its health route tells, and this tries again.
async function migrateThenWork(): Promise<void> {
  try {
    await migrateAll();
  } catch (error) {
    logger.error({ error: error instanceof Error ? error.message : String(error) }, "migration failed");
    if (!isServerless()) setTimeout(() => void migrateThenWork(), retryMs).unref();
    return;
  }
  if (isServerless()) return;
  const worker = tally().run();
  // The server itself waits for open requests and then exits; a task that is cut off is claimed again.
  const stop = (): void => void worker.stop();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
