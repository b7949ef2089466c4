// tallystick sandbox: a local Stripe in the foreground, until it is told to stop.
import { readNumber, UsageError, type Arguments } from "./arguments.ts";
import type { ForegroundCommand } from "./command.ts";

const DEFAULT_PORT = 12_111;

export const sandbox: ForegroundCommand = {
  name: "sandbox",
  summary: "Run a local Stripe on the project's database: checkout, renewals, refunds, disputes, signed webhooks.",
  parameters: [],
  options: {
    port: { type: "string", value: "PORT", help: `Where it listens, on loopback; default ${DEFAULT_PORT}.` },
    "forward-to": { type: "string", value: "URL", help: "The webhook's address, which is told of every event." },
    "old-shape": { type: "boolean", help: "Events and answers in the shape before API 2025-03-31." },
  },
  async run(given, announce) {
    const options = {
      port: readNumber("port", given.option("port"), 65_535) ?? DEFAULT_PORT,
      forwardTo: readUrl(given),
      oldShape: given.flag("old-shape"),
    };
    // Loaded now: help and usage errors need no database.
    const { runSandbox } = await import("./run-sandbox.ts");
    await runSandbox(options, announce);
  },
};

function readUrl(given: Arguments): string | undefined {
  const url = given.option("forward-to");
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError("--forward-to must be an http(s) address, such as http://localhost:3000/api/webhooks/stripe.");
  }
  return url;
}
