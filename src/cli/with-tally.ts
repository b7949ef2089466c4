// An engine for the length of one command.
import { createEngine } from "../engine.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { loadConfig } from "./config.ts";
import { surroundings } from "./env.ts";
import { findDatabase } from "./find-database.ts";

/** Runs `work` on the database and configuration found here, and leaves both in order. */
export async function withTally(work: (context: CommandContext) => Promise<Outcome>): Promise<Outcome> {
  const here = surroundings();
  const { file, config } = await loadConfig(here.directory);
  const database = await findDatabase(here);
  try {
    const tally = createEngine({ ...config, database: database.url });
    try {
      return await work({ tally, configFile: file, actor: here.actor });
    } finally {
      await tally.close();
    }
  } finally {
    await database.close();
  }
}
