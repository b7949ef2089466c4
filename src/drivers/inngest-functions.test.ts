// The functions themselves, in Inngest's own test engine; and a run that Inngest delivers twice, on a whole engine.
import { InngestTestEngine } from "@inngest/test";
import { Inngest } from "inngest";
import { expect, it } from "vitest";
import { inngestKeys, runRequest } from "../../test/driver-conformance/inngest-protocol.ts";
import { createTestEngine } from "../../test/support/engine.ts";
import { defineTask } from "../index.ts";
import { silentLogger } from "../kernel/logger.ts";
import { DUE_EVENT } from "./inngest-events.ts";
import { wakeFunctions } from "./inngest-functions.ts";
import { inngest } from "./inngest.ts";

const settings = { concurrency: 5, tickCron: "* * * * *", answerBudgetMs: 3_000, url: undefined };
const event = { id: "7-a", name: DUE_EVENT, data: { taskId: "7", lane: null, key: "task:7" }, ts: 1 };

it("answer a wake with one drain, tick with one tick and its wakes, and ask for nothing else", async () => {
  const ran: string[] = [];
  const runtime = {
    answer: async (input?: { readonly budgetMs?: number | undefined }) => {
      ran.push(`answer ${input?.budgetMs}`);
      return { processed: 2, done: 1, failed: 1, dead: 0, remaining: 0, nextRunAt: new Date() };
    },
    tick: async () => ran.push("tick"),
    wake: async () => ran.push("wake"),
    stop: async () => undefined,
    logger: silentLogger,
  };
  const client = new Inngest({ id: "tallystick", isDev: true });
  const [answerWake, tick] = wakeFunctions(client, runtime, settings);
  const answered = await new InngestTestEngine({ function: answerWake as never, events: [event] }).execute();
  expect(answered.result).toEqual({ processed: 2, done: 1, failed: 1, dead: 0, remaining: 0 });
  await new InngestTestEngine({ function: tick as never }).execute();
  expect(ran).toEqual(["answer 3000", "tick", "wake"]);
});

it("run a task once when one run is delivered twice at once", async () => {
  let count = 0;
  const note = defineTask({
    name: "note",
    run: async () => {
      count += 1;
    },
  });
  const driver = inngest({ ...inngestKeys, baseUrl: "http://127.0.0.1:1", timeoutMs: 100 });
  const { tally } = await createTestEngine({ tasks: [note], driver });
  await tally.tasks.enqueue({ name: "note" });
  const url = "https://product.test/api/driver?fnId=tallystick-answer-wake&stepId=step";
  const deliver = async () =>
    tally.handlers.driver(new Request(url, runRequest({ event, runId: "run-1", attempt: 0 })));
  const answers = await Promise.all([deliver(), deliver()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(count).toBe(1);
  await tally.close();
});
