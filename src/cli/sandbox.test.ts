// tallystick sandbox as a process: what it needs, what it prints, and that it ends when it is told to.
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../test/support/cli.ts";
import { createEmptyDatabase } from "../../test/support/database.ts";
import { sdkFor } from "../../test/support/sandbox.ts";

const main = path.resolve(import.meta.dirname, "main.ts");
const allowed = { TALLYSTICK_SANDBOX: "1" };

let databaseUrl: string;
let directory: string;

beforeAll(async () => {
  databaseUrl = await createEmptyDatabase();
  directory = await mkdtemp(path.join(tmpdir(), "tallystick-sandbox-"));
  await writeFile(
    path.join(directory, "tallystick.config.mjs"),
    `import { defineCatalog } from ${JSON.stringify(path.resolve(import.meta.dirname, "../index.ts"))};
     export default { catalog: defineCatalog({ packs: [{ id: "p", name: "Pack", credits: 5, priceId: "price_pack" }] }) };`,
  );
});

/** Starts the command and answers its first output, whole. */
async function start(words: readonly string[]) {
  const env = { PATH: process.env["PATH"], ...allowed, DATABASE_URL: databaseUrl };
  const ended = Promise.withResolvers<number>();
  const child = execFile(process.execPath, [main, "sandbox", ...words], { cwd: directory, env }, () => {
    ended.resolve(child.exitCode ?? -1);
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = await new Promise<string>((resolve) => child.stdout?.once("data", (text) => resolve(String(text))));
  return { child, output, ended: ended.promise };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("tallystick sandbox", () => {
  it("prints where it listens, the key and the endpoint's secret, serves, and ends on SIGTERM", async () => {
    const port = await freePort();
    const forwardTo = "http://127.0.0.1:9/api/webhooks/stripe";
    const { child, output, ended } = await start(["--json", "--port", String(port), "--forward-to", forwardTo]);
    const printed = JSON.parse(output) as { url: string };
    expect(printed).toEqual({
      url: `http://127.0.0.1:${port}`,
      secretKey: "sk_test_sandbox",
      webhookSecret: expect.stringMatching(/^whsec_\w+$/),
      forwardTo,
    });
    const price = await sdkFor(printed.url).prices.retrieve("price_pack");
    expect(price).toMatchObject({ unit_amount: 1000, recurring: null });
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const again = await start(["--json", "--port", String(port), "--forward-to", forwardTo]);
    expect(JSON.parse(again.output)).toEqual(printed);
    const second = await runCli(["sandbox", "--port", String(port)], { databaseUrl, directory, environment: allowed });
    expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining(`Port ${port} is taken`) });
  });

  it.each<[string, Record<string, string>, string]>([
    ["without TALLYSTICK_SANDBOX=1", {}, "Set TALLYSTICK_SANDBOX=1"],
    ["beside a live key", { ...allowed, STRIPE_SECRET_KEY: "sk_live_abc" }, "live key"],
    ["beside a live restricted key", { ...allowed, STRIPE_SECRET_KEY: "rk_live_abc" }, "live key"],
  ])("refuses to run %s", async (_, environment, message) => {
    const { status, stderr } = await runCli(["sandbox"], { databaseUrl, directory, environment });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) });
    expect(stderr).not.toContain("abc");
  });

  it.each([[["--port", "0"]], [["--forward-to", "ftp://example.test"]], [["--nonsense"]]])(
    "refuses %s as a usage error",
    async (words) => {
      expect((await runCli(["sandbox", ...words], { databaseUrl, directory, environment: allowed })).status).toBe(2);
    },
  );
});
