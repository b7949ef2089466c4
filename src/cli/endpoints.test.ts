// The commands of endpoints, each run as a process on a real database.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli, type CliResult } from "../../test/support/cli.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { startWebhookReceiver } from "../../test/support/webhook-receiver.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
writeFileSync(
  path.join(directory, "tallystick.config.mjs"),
  `import { defineCatalog } from ${JSON.stringify(pathToFileURL(path.resolve("src/index.ts")).href)};
   export default { catalog: defineCatalog({}), endpoints: { allowPrivateHosts: true } };`,
);

describe("endpoints", () => {
  // A dozen processes one after the other.
  it("are added with a secret shown once, listed, sent to, replayed, rolled, disabled, enabled and removed", async () => {
    await using receiver = await startWebhookReceiver();
    const databaseUrl = await createTestDatabase();
    const cli = async (...words: string[]): Promise<CliResult> => runCli(words, { databaseUrl, directory });
    const added = await cli("endpoints", "add", receiver.url, "--types", "credits.granted, task.dead", "--json");
    const { id, secret, types, actor } = JSON.parse(added.stdout) as Record<string, string>;
    expect(types).toEqual(["credits.granted", "task.dead"]);
    expect(actor).toMatch(/^cli:/);
    receiver.secret = secret ?? "";
    const list = await cli("endpoints", "list");
    expect(list.stdout).toMatch(/^id +url +status +of +types +pending +failing since\n +\d+ +http:/);
    expect(list.stdout).not.toContain(secret);
    await cli("grant", "ann", "5", "--type", "register_gift");
    await cli("drain");
    expect(receiver.received).toMatchObject([{ type: "credits.granted", data: { userId: "ann", amount: 5 } }]);
    const deliveries = await cli("endpoints", "deliveries", id ?? "");
    expect(deliveries.stdout).toMatch(/credits\.granted +delivered +1 +204 +-\n$/);
    const replayed = await cli("endpoints", "replay", id ?? "", "--since", "2026-01-01", "--all", "--json");
    expect(JSON.parse(replayed.stdout)).toEqual({ replayed: 1 });
    const rolled = await cli("endpoints", "roll-secret", id ?? "", "--keep-hours", "0");
    expect(rolled.stdout).toMatch(/Secret \(shown this once\): whsec_\S+\n$/);
    expect((await cli("endpoints", "disable", id ?? "")).stdout).toMatch(/status +disabled \(manual\)/);
    expect((await cli("doctor")).stdout).toMatch(/^warn +endpoints +1 endpoint disabled: \d+$/m);
    expect((await cli("endpoints", "enable", id ?? "")).stdout).toMatch(/status +enabled/);
    expect(await cli("endpoints", "remove", id ?? "")).toMatchObject({
      status: 0,
      stdout: `Removed endpoint ${id}.\n`,
    });
    expect((await cli("endpoints", "list")).stdout).toBe("No endpoints.\n");
  }, 300_000);

  it.each([
    [["endpoints"], 2, "is followed by one of list, add, remove"],
    [["endpoints", "forget"], 2, "is followed by one of list, add, remove"],
    [["endpoints", "add"], 2, "URL is missing"],
    [["endpoints", "replay", "1"], 2, "Give --since"],
    [["endpoints", "roll-secret", "1", "--keep-hours", "x"], 2, "whole number"],
  ])("refuses %j", async (words, status, message) => {
    const refused = await runCli(words, { directory });
    expect([refused.status, refused.stdout]).toEqual([status, ""]);
    expect(refused.stderr).toContain(message);
  });
});
