// The application of the chaos run, a process of its own that is killed and started again: the engine's handlers behind
// node:http and a resident worker. Its settings are the first argument, as JSON.
import { createServer } from "node:http";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { answer, handlerFor } from "../support/serve.ts";
import { createChaosEngine, type EngineSettings } from "./engine.ts";

export interface AppSettings extends EngineSettings {
  readonly port: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as AppSettings;

// The run is at the other end of standard input: it never outlives it.
process.stdin.on("end", () => process.exit());
process.stdin.resume();

const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
  void process.stderr.write(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields)}\n`);
const tally = createChaosEngine(settings, {
  debug: () => undefined,
  info: () => undefined,
  warn: write("warn"),
  error: write("error"),
});

const server = createServer((message, outgoing) => {
  const { pathname } = new URL(message.url ?? "/", "http://127.0.0.1");
  answer(handlerFor(tally.handlers, pathname), message, outgoing).catch((error: unknown) => {
    // Whoever asked has gone away in the middle of it.
    write("warn")({ error: String(error) }, "a request ended early");
    outgoing.destroy();
  });
});
await new Promise<void>((resolve) => server.listen(settings.port, "127.0.0.1", resolve));
process.stdout.write("listening\n");

for (let migrated = false; !migrated;) {
  try {
    await tally.migrate();
    migrated = true;
  } catch (error) {
    write("warn")({ error: String(error) }, "the database is away");
    await delay(200);
  }
}
tally.run();
process.stdout.write("working\n");
