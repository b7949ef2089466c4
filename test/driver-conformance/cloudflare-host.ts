// What a Worker of a product does in its queue and scheduled handlers, for the Worker of the suite, which asks over HTTP.
import { consumeQueue } from "../../src/drivers/cloudflare.ts";
import type { Tallystick } from "../../src/index.ts";

interface Question {
  readonly tick?: boolean;
  readonly messages?: readonly { readonly id: string; readonly body: unknown }[];
}

export async function answerWorker(tally: Tallystick, request: Request): Promise<Response> {
  const { tick = false, messages = [] } = (await request.json()) as Question;
  if (tick) return scheduled(tally);
  const acked: string[] = [];
  const retried: Record<string, object> = {};
  const batch = {
    messages: messages.map(({ id, body }) => ({
      body,
      ack: () => void acked.push(id),
      retry(options: object = {}) {
        retried[id] = options;
      },
    })),
  };
  const error = await consumeQueue(tally, batch).then(() => undefined, String);
  return Response.json({ acked, retried, error });
}

async function scheduled(tally: Tallystick): Promise<Response> {
  try {
    await tally.tick();
    await tally.wake();
    return Response.json({});
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 500 });
  }
}
