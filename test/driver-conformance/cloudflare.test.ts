// Cloudflare Queues on workerd, with the queue broker of Miniflare.
import { Miniflare, NoOpLog, Response, type Request } from "miniflare";
import { workerScript } from "./cloudflare-worker.ts";
import { conforms } from "./conforms.ts";

const CRON = "* * * * *";
interface Scheduled {
  scheduled(options: { cron: string }): Promise<unknown>;
}

conforms("Cloudflare Queues", async () => {
  let target: string | undefined;
  let port = 0;
  let ticking: NodeJS.Timeout | undefined;
  let miniflare: Miniflare | undefined;

  async function start(): Promise<void> {
    miniflare = new Miniflare({
      host: "127.0.0.1",
      port,
      log: new NoOpLog(),
      modules: true,
      script: workerScript,
      queueProducers: { QUEUE: "wakes" },
      queueConsumers: { wakes: { maxBatchSize: 100, maxBatchTimeout: 0.05, maxRetries: 3 } },
      serviceBindings: {
        async HOST(request: Request) {
          if (request.url.endsWith("/_target")) {
            target = request.method === "PUT" ? await request.text() : undefined;
            return new Response();
          }
          if (target === undefined) return new Response("nobody hosts", { status: 503 });
          const answered = await fetch(target, { method: "POST", body: await request.text() });
          return new Response(await answered.text(), { status: answered.status });
        },
      },
    });
    port = Number((await miniflare.ready).port);
  }
  async function stop(): Promise<void> {
    const stopping = miniflare;
    miniflare = undefined;
    await stopping?.dispose();
  }
  async function tick(): Promise<void> {
    // Its type is of a package that is not here.
    const worker = (await miniflare?.getWorker()) as Scheduled | undefined;
    await worker?.scheduled({ cron: CRON });
  }

  await start();
  return {
    kind: "cloudflare-queues",
    url: `http://127.0.0.1:${port}`,
    start,
    stop,
    tick,
    // The broker keeps its messages in memory.
    async lose() {
      await stop();
      await start();
    },
    tickEvery(ms) {
      clearInterval(ticking);
      // One that comes while the broker is away is not made up for.
      ticking = setInterval(() => void tick().catch(() => undefined), ms);
    },
    async end() {
      clearInterval(ticking);
      await stop();
    },
  };
});
