// BullMQ on a real Redis: Debian's redis-server.
import { conforms } from "./conforms.ts";
import type { DriverService } from "./service.ts";
import { missingRedis, startRedis } from "./redis.ts";

const connect = async (): Promise<DriverService> => ({ kind: "bullmq-redis", ...(await startRedis()) });

conforms("BullMQ on Redis", connect, missingRedis);
