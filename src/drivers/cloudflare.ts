// Cloudflare Queues as driver: wakes go out by a producer binding, and the product's queue handler answers a batch with one
// drain. The tick is the Worker's scheduled handler. Nothing here needs Node, nor Cloudflare's types.
import type { Tallystick } from "../create-tallystick.ts";
import type { AnswerInput, Driver, Wake } from "../tasks/wake.ts";

/** What is used of a queue's producer binding. */
export interface QueueProducer {
  sendBatch(messages: Iterable<{ body: unknown; delaySeconds?: number; contentType?: "json" }>): Promise<unknown>;
}

/** What is used of the batch that a queue handler gets. */
export interface QueueBatch {
  readonly messages: readonly {
    readonly body: unknown;
    ack(): void;
    retry(options?: { delaySeconds?: number }): void;
  }[];
}

export interface CloudflareQueueOptions {
  /** The producer binding, or how to get the one of the present request. */
  readonly queue: QueueProducer | (() => QueueProducer | undefined);
}

/** Of one `sendBatch`: https://developers.cloudflare.com/queues/platform/limits/. By size a hundred wakes are far below it. */
const BATCH_SIZE = 100;
/** Within what every plan and version may hold a message. What is due later is left to a tick. */
const MAX_DELAY_S = 12 * 3_600;
/** A consumer tries again three times unless told otherwise; at once they would all meet the same outage. */
const RETRY_AFTER_S = 10;

/** Wakes over a queue of Cloudflare. Its consumer calls {@link consumeQueue}. */
export function cloudflareQueue({ queue }: CloudflareQueueOptions): Driver {
  function binding(): QueueProducer {
    const bound = typeof queue === "function" ? queue() : queue;
    if (bound === undefined) throw new Error("there is no queue binding here");
    return bound;
  }

  return {
    name: "cloudflare-queues",
    async wake(wakes) {
      for (let from = 0; from < wakes.length; from += BATCH_SIZE) {
        await binding().sendBatch(wakes.slice(from, from + BATCH_SIZE).map(messageOf));
      }
    },
    // A binding can't be asked whether its queue answers.
    async check() {
      binding();
    },
    close: async () => undefined,
  };
}

function messageOf({ taskId, delayMs }: Wake) {
  const delaySeconds = Math.min(Math.ceil(delayMs / 1_000), MAX_DELAY_S);
  return { body: { taskId }, contentType: "json" as const, ...(delaySeconds > 0 && { delaySeconds }) };
}

/**
 * Answers a batch of wakes with one drain, for the queue handler of a Worker. Each wake is acknowledged once what was due
 * has run; when it could not be, each is told to come again and the error is thrown. Messages that are no wakes of this
 * library are left as they are, to the handler's own code.
 */
export async function consumeQueue(
  tally: Pick<Tallystick, "answerWake">,
  batch: QueueBatch,
  { budgetMs }: Pick<AnswerInput, "budgetMs"> = {},
): Promise<void> {
  const wakes = batch.messages.filter(({ body }) => isWake(body));
  if (wakes.length === 0) return;
  try {
    await tally.answerWake({ budgetMs });
  } catch (error) {
    for (const wake of wakes) wake.retry({ delaySeconds: RETRY_AFTER_S });
    throw error;
  }
  for (const wake of wakes) wake.ack();
}

function isWake(body: unknown): boolean {
  return typeof body === "object" && body !== null && "taskId" in body && typeof body.taskId === "string";
}
