// Where announcements and events arrive: it answers 500, 429 with Retry-After, or nothing at all, as chance has it, and
// remembers what it was told under which id.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Random } from "./random.ts";

export interface Received {
  readonly path: string;
  /** The header `webhook-id`; empty where the channel has none. */
  readonly id: string;
  readonly body: string;
  /** Whether it was answered 2xx. */
  readonly accepted: boolean;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  readonly answers: Readonly<Record<string, number>>;
  /** From now on everything is accepted, and what hangs is let go. */
  behave(): void;
}

export interface ReceiverFaults {
  readonly failRate: number;
  readonly pauseRate: number;
  readonly hangRate: number;
}

type Conduct = "accept" | "fail" | "pause" | "hang";

export async function startReceiver(random: Random, faults: ReceiverFaults): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Record<string, number> = {};
  let behaves = false;
  const conduct = (): Conduct => {
    const { failRate, pauseRate, hangRate } = faults;
    if (behaves) return "accept";
    return random.weighted([
      [failRate, "fail"],
      [pauseRate, "pause"],
      [hangRate, "hang"],
      [1 - failRate - pauseRate - hangRate, "accept"],
    ]);
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The sender was killed in the middle of it.
      return;
    }
    const decision = conduct();
    answers[decision] = (answers[decision] ?? 0) + 1;
    const id = String(request.headers["webhook-id"] ?? "");
    const body = Buffer.concat(chunks).toString();
    received.push({ path: request.url ?? "", id, body, accepted: decision === "accept" });
    if (decision === "accept") response.writeHead(204).end();
    else if (decision === "fail") response.writeHead(500).end();
    else if (decision === "pause") response.writeHead(429, { "retry-after": "1" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    behave() {
      behaves = true;
      server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
