// A receiver of webhooks on loopback: it checks every signature with the official library and answers as it is told.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

export interface ReceivedEvent {
  readonly id: string;
  readonly signatures: number;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  /** What came with a signature that is right. */
  readonly received: ReceivedEvent[];
  /** What came without one. */
  readonly unsigned: string[];
  secret: string;
  /** What it answers from now on. */
  reply: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    /** How long it takes for it. */
    readonly delayMs?: number;
    /** Whether the answer's body never ends. */
    readonly endless?: boolean;
  };
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const headers = request.headers as Record<string, string>;
    try {
      const event = new Webhook(receiver.secret).verify(body, headers) as Omit<ReceivedEvent, "id" | "signatures">;
      const signatures = headers["webhook-signature"]?.split(" ").length ?? 0;
      receiver.received.push({ id: headers["webhook-id"] ?? "", signatures, ...event });
    } catch {
      receiver.unsigned.push(body);
    }
    const { status, headers: answered, delayMs = 0, endless } = receiver.reply;
    if (delayMs > 0) await setTimeout(delayMs);
    response.writeHead(status, answered);
    if (endless) response.write("and ");
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`,
    received: [],
    unsigned: [],
    secret: "whsec_AAAA",
    reply: { status: 204 },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
