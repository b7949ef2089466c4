// BullMQ on a real Redis: Debian's redis-server.
import { bullmq } from "../../src/drivers/bullmq.ts";
import { conforms } from "./conforms.ts";
import { missingRedis, startRedis } from "./redis.ts";

const connect = async () => {
  const redis = await startRedis();
  return {
    name: "bullmq",
    driver: (tickEveryMs: number) =>
      bullmq({ connection: { url: redis.url }, tickEveryMs, timeoutMs: 1_000, idleMs: 1_000 }),
    lose: redis.flush,
    stop: redis.stop,
    start: redis.start,
    end: redis.end,
  };
};

conforms("BullMQ on Redis", connect, missingRedis);
