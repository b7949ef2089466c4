// Next.js calls this once when a server starts, before its first request.

export async function register(): Promise<void> {
  // Also compiled for the edge runtime, where this literal comparison drops the branch with its Node modules.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { migrateThenWork } = await import("./background.ts");
    await migrateThenWork();
  }
}
