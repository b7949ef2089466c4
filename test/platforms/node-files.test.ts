// The plain-Node example's files for service managers: what they promise each other, and what their own tools say.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commands, compose, dockerfile, example, root, unit } from "./node-commands.ts";

const read = (file: string): string => readFileSync(path.join(example, file), "utf8");
const settings = read("settings.ts");
const stopLimitSeconds = Number(/stopLimitMs:.*\?\? ([\d_]+)/.exec(settings)?.[1]?.replaceAll("_", "")) / 1_000;
const LEASE_SECONDS = 30;
const units = ["tallystick-web.service", "tallystick-worker@.service"] as const;

const hasAnalyzer = spawnSync("systemd-analyze", ["--version"]).status === 0;
const missingAnalyzer =
  hasAnalyzer || process.env["CI"] !== undefined ? undefined : "needs systemd-analyze: apt-get install systemd";

describe("every way to run the example", () => {
  it("starts the same server, migration and worker", () => {
    const lastWords = (command: readonly string[], count: number): string => command.slice(-count).join(" ");
    expect(lastWords(commands.unitServer, 1)).toBe(lastWords(commands.server, 1));
    expect(lastWords(commands.unitMigrate, 1)).toBe(lastWords(commands.migrate, 1));
    expect(lastWords(commands.unitWorker, 1)).toBe(lastWords(commands.worker, 1));
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    expect(scripts).toMatchObject({
      start: commands.server.join(" "),
      migrate: commands.migrate.join(" "),
      work: commands.worker.join(" "),
    });
  });

  it("gives a stop more time than the server's own limit, and that more than a task's lease", () => {
    expect(stopLimitSeconds).toBeGreaterThan(LEASE_SECONDS);
    const { web, worker } = compose.services;
    for (const { stop_grace_period: grace } of [web, worker]) {
      expect(Number(grace?.replace(/s$/, ""))).toBeGreaterThan(stopLimitSeconds);
    }
    for (const file of units) expect(Number(unit(file, "TimeoutStopSec")[0])).toBeGreaterThan(stopLimitSeconds);
  });
});

describe("the image", () => {
  it("runs as a user that is not root, by exec forms alone, from stages that leave development out", () => {
    const [lastStage = ""] = dockerfile.split(/^FROM /m).slice(-1);
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage).not.toMatch(/^(RUN|COPY \.) /m);
    expect(dockerfile).toMatch(/npm ci .*--omit=dev/);
    const begun = dockerfile.match(/^(?!#).*\b(?:CMD|ENTRYPOINT) .*$/gm) ?? [];
    expect(begun).toHaveLength(2);
    expect(begun.filter((line) => !/\bCMD \["/.test(line))).toEqual([]);
  });

  it("copies files that are there", () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, from = ""]) => from.split(" "));
    expect(sources).toContain("package-lock.json");
    const there = sources.filter((source) => {
      const folder = path.join(root, path.dirname(source));
      const pattern = new RegExp(`^${path.basename(source).replaceAll(".", "\\.").replace("*", ".*")}$`);
      return source === "." || readdirSync(folder).some((name) => pattern.test(name));
    });
    expect(there).toEqual(sources);
  });
});

describe("the compose file", () => {
  it("starts two workers and the server once the migration has ended well", () => {
    const { migrate, web, worker } = compose.services;
    expect(worker.deploy?.replicas).toBe(2);
    expect(migrate.depends_on?.["postgres"]?.condition).toBe("service_healthy");
    for (const { depends_on: after } of [web, worker]) {
      expect(after?.["migrate"]?.condition).toBe("service_completed_successfully");
    }
  });

  it("names only settings that the example reads", () => {
    const names = Object.keys(compose.services.web.environment ?? {});
    expect(names).toContain("DATABASE_URL");
    expect(names.filter((name) => !settings.includes(`("${name}"`))).toEqual([]);
  });
});

describe("the units", () => {
  it.skipIf(missingAnalyzer)(`are valid for systemd and tightly shut ${missingAnalyzer ?? ""}`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tallystick-units-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const file of units) {
      // systemd looks whether the programs are there.
      const text = read(`systemd/${file}`).replaceAll("/usr/bin/node", process.execPath);
      writeFileSync(path.join(folder, file), text.replaceAll("/opt/tallystick", root));
    }
    const instances = [path.join(folder, units[0]), path.join(folder, "tallystick-worker@1.service")];
    const verified = spawnSync("systemd-analyze", ["verify", ...instances], { encoding: "utf8" });
    expect([verified.status, verified.stderr.split("\n").filter((line) => line.includes("tallystick-"))]).toEqual([
      0,
      [],
    ]);
    for (const file of units) {
      // Exposure on systemd's scale of 0 to 10, times ten.
      const shut = spawnSync("systemd-analyze", [
        "security",
        "--offline=true",
        "--threshold=20",
        path.join(folder, file),
      ]);
      expect(shut.status).toBe(0);
    }
  });
});
