// `npm run bench:tasks`: the task runtime beside pg-boss, graphile-worker and BullMQ, on one Postgres and one Redis, in
// interleaved rounds. Every task updates one row of the product's by its primary key, and the rows are counted afterwards.
import { missingRedis, startRedis } from "../../test/driver-conformance/redis.ts";
import { withBenchDatabase } from "../database.ts";
import { environmentLine } from "../environment.ts";
import { readOptions, usage, type Options } from "./options.ts";
import { measureParts } from "./parts.ts";
import { print } from "./print.ts";

async function main({ json, ...options }: Options): Promise<void> {
  if (missingRedis !== undefined) throw new Error(missingRedis);
  const redis = await startRedis();
  try {
    await withBenchDatabase(async (databaseUrl) => {
      const environment = await environmentLine(databaseUrl);
      if (!json) console.log(environment);
      const results = await measureParts({ databaseUrl, redisUrl: redis.url }, options, (part) => {
        if (!json) print(part);
      });
      if (json) console.log(JSON.stringify({ environment, ...options, results }, undefined, 2));
    });
  } finally {
    await redis.end();
  }
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
if (options !== undefined) await main(options);
