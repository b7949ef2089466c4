// Answers a batch of wakes. What is due is in the tables, so the whole batch is answered by one drain, and the messages'
// bodies need not be read.
import type { Tallystick } from "tallystick";
import type { Batch } from "./env.ts";

const RETRY_SECONDS = 5;

export async function consumeQueue(tally: Tallystick, { messages }: Batch): Promise<void> {
  try {
    await tally.answerWake();
  } catch (error) {
    console.error("a batch of wakes will be tried again:", error instanceof Error ? error.message : error);
    for (const message of messages) message.retry({ delaySeconds: RETRY_SECONDS });
    return;
  }
  for (const message of messages) message.ack();
}
