// The repository checks itself: layers, cycles, ownership of tables, the places that users of the reference know.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { environmentNames } from "../apps/web/src/env.ts";

const root = path.resolve(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((file) => existsSync(path.join(root, file)));
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file);

// Lowest first. A file imports its own layer's folder and what stands below; folders of one layer not each other.
const layers: readonly (readonly string[])[] = [
  ["src/kernel/"],
  ["src/db/"],
  ["src/credits/", "src/tasks/"],
  ["src/payment/", "src/notification/", "src/outgoing/"],
  [
    "src/options.ts",
    "src/retention.ts",
    "src/stored-functions.ts",
    "src/migrating.ts",
    "src/announcing.ts",
    "src/telling.ts",
    "src/metrics.ts",
    "src/user-data.ts",
    "src/engine.ts",
  ],
  ["src/http/"],
  ["src/create-tallystick.ts", "src/index.ts"],
  ["src/next/", "src/drivers/", "src/telemetry/", "src/cli/", "src/testing/"],
];
// Files of the composition and the entry are steps of one path, so they may import their neighbours.
const open = new Set([4, 6]);

const importPattern =
  /(?:^|[\s;])(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|import\s*\(?\s*["']([^"']+)["']\)?/g;

/** The repository's files that a file imports, types included. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(importPattern)].flatMap(([, from, bare]) => {
    const specifier = from ?? bare ?? "";
    const base = specifier.startsWith("@/")
      ? path.posix.join("apps/web/src", specifier.slice(2))
      : specifier.startsWith(".")
        ? path.posix.join(path.posix.dirname(file), specifier)
        : undefined;
    if (base === undefined) return [];
    return [base, `${base}.ts`, `${base}.tsx`, `${base}/index.ts`]
      .filter((candidate) => /\.tsx?$/.test(candidate))
      .slice(0, 4);
  });
}

const sources = files.filter((file) => /^(src|apps\/[^/]+\/src)\/.*\.tsx?$/.test(file) && !isTest(file));
const graph = new Map(sources.map((file) => [file, importsOf(file).filter((target) => sources.includes(target))]));
const place = (file: string): { layer: number; folder: string } | undefined => {
  const layer = layers.findIndex((folders) => folders.some((folder) => file.startsWith(folder)));
  const folder = layers[layer]?.find((prefix) => file.startsWith(prefix));
  return folder === undefined ? undefined : { layer, folder };
};

describe("layers", () => {
  it("gives every source file of the library a place", () => {
    expect(sources.filter((file) => file.startsWith("src/") && place(file) === undefined)).toEqual([]);
  });

  it("lets a file import only its own folder and the layers below", () => {
    const wrong = [...graph].flatMap(([file, targets]) => {
      const from = place(file);
      if (from === undefined) return [];
      return targets.flatMap((target) => {
        const to = place(target);
        const allowed =
          to !== undefined &&
          (to.folder === from.folder || to.layer < from.layer || (to.layer === from.layer && open.has(to.layer)));
        return allowed ? [] : [`${file} -> ${target}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("finds imports at all, so that the rules above can fail", () => {
    expect(graph.get("src/engine.ts")).toContain("src/credits/index.ts");
    expect(graph.get("src/db/database.ts")).toContain("src/kernel/errors.ts");
  });

  it("has no import cycle, types included", () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
        return;
      }
      if (done.has(file)) return;
      for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("lets applications use published subpaths only", () => {
    const wrong = sources
      .filter((file) => file.startsWith("apps/"))
      .filter(
        (file) =>
          /from ["'](\.\.\/)+(src|dist)\//.test(read(file)) || /from ["']tallystick\/(src|dist)/.test(read(file)),
      );
    expect(wrong).toEqual([]);
  });
});

describe("the places that users of the reference know", () => {
  it.each([
    "apps/web/src/app/api/distribute-credits/route.ts",
    "apps/web/src/app/api/webhooks/stripe/route.ts",
    "apps/web/src/actions/consume-credits.ts",
    "apps/web/vercel.json",
    "apps/web/env.example",
    "src/credits/distribute.ts",
    "src/payment/provider/stripe.ts",
    "src/notification/discord.ts",
    "src/notification/feishu.ts",
    "src/db/schema.ts",
  ])("has %s", (file) => {
    expect(files).toContain(file);
  });

  it.each([
    ["src/credits/distribute.ts", "distributeCredits"],
    ["apps/web/src/actions/consume-credits.ts", "consumeCreditsAction"],
    ["src/notification/discord.ts", "sendDiscordNotification"],
    ["src/notification/feishu.ts", "sendFeishuNotification"],
    ["src/notification/send.ts", "sendNotification"],
    ["src/engine.ts", "handleWebhookEvent"],
  ])("%s knows %s", (file, name) => {
    expect(read(file)).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

// A table is named in SQL only by the folder that owns it; src/db describes and migrates them all.
const owners: Readonly<Record<string, readonly string[]>> = {
  "src/credits/": [
    "user_credit",
    "credit_transaction",
    "credit_transaction_detail",
    "credit_lot",
    "credit_allocation",
    "credit_hold",
    "credit_hold_lot",
    "credit_enrolment",
    "credit_spend_limit",
    "credit_spend_counter",
    "credit_seal",
    "credit_return",
    "credit_alert",
    "credit_alert_defaults",
    "credit_alert_override",
    "credit_alert_horizon",
    "credit_proof_run",
    "credit_outbox",
    "credit_outbox_consumer",
    "credit_watch",
  ],
  "src/tasks/": ["task", "task_key", "task_lane", "task_attempt", "schedule_run"],
  "src/payment/": [
    "webhook_event",
    "customer",
    "payment",
    "payment_charge",
    "payment_reconcile",
    "payment_return",
    "subscription",
    "auto_top_up",
    "auto_top_up_attempt",
  ],
  "src/notification/": ["notification", "notification_told"],
  "src/outgoing/": ["webhook_endpoint", "outgoing_event", "outgoing_delivery", "outgoing_attempt"],
};

describe("tables", () => {
  const described = [...read("src/db/schema.ts").matchAll(/\.(?:table|view)\(\s*"(\w+)"/g)].map(([, name]) =>
    String(name),
  );

  it("each have an owner", () => {
    expect(Object.values(owners).flat().toSorted()).toEqual(described.toSorted());
  });

  it("are named in SQL only by their owner", () => {
    const readers = files.filter(
      (file) => /^(src|apps\/[^/]+\/src)\/.*\.(tsx?|sql)$/.test(file) && !isTest(file) && !file.startsWith("src/db/"),
    );
    const wrong = readers.flatMap((file) =>
      [...read(file).matchAll(/(?<!")\btallystick\.(\w+)\b(?!\s*\()/g)].flatMap(([, name]) => {
        const owner = Object.keys(owners).find((folder) => owners[folder]?.includes(name ?? ""));
        return owner === undefined || file.startsWith(owner) ? [] : [`${file} names ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the repository", () => {
  it("validates exactly the variables that env.example explains", () => {
    const explained = [...read("apps/web/env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(explained).toEqual(environmentNames);
  });

  it("schedules the reference's cron path", () => {
    const { crons } = JSON.parse(read("apps/web/vercel.json")) as { crons: { path: string; schedule: string }[] };
    expect(crons).toContainEqual({ path: "/api/distribute-credits", schedule: "0 0 * * *" });
  });

  it("differs on Vercel's Pro plan from Hobby by the minute's tick alone", () => {
    const hobby = JSON.parse(read("apps/web/vercel.json")) as { crons: unknown[] };
    const tick = { path: "/api/cron/tick", schedule: "* * * * *" };
    expect(JSON.parse(read("apps/web/vercel.pro.json"))).toEqual({ ...hobby, crons: [...hobby.crons, tick] });
  });

  it("keeps files small: none over 300 lines but the table of tables", () => {
    const long = files
      .filter(
        (file) =>
          /\.(tsx?|sql)$/.test(file) &&
          !/migrations\/|generated|src\/db\/schema\.ts|drizzle\//.test(file) &&
          !isTest(file),
      )
      .filter((file) => read(file).split("\n").length > 301);
    expect(long).toEqual([]);
  });

  it("publishes only entry points that exist", () => {
    const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, string | { default: string }> };
    const missing = Object.values(exports)
      .flatMap((entry) => (typeof entry === "string" ? [] : [entry.default]))
      .map((file) => file.replace("./dist/", "src/").replace(/\.js$/, ".ts"))
      .filter((file) => !existsSync(path.join(root, file)));
    expect(missing).toEqual([]);
  });

  it("has a lock file that names no download address", () => {
    expect(read("package-lock.json")).not.toMatch(/"resolved": "https?:/);
  });

  it("has a lock file that names every optional platform package, so that npm ci takes it on any platform", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const locked = new Set(Object.keys(packages).map((key) => key.slice(key.lastIndexOf("node_modules/") + 13)));
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !locked.has(name));
    expect(missing, "run node scripts/complete-lock.ts").toEqual([]);
  });

  it("pins one Node for scripts, engines and version managers", () => {
    const { devDependencies, engines } = JSON.parse(read("package.json")) as {
      devDependencies: { node: string };
      engines: { node: string };
    };
    expect(read(".nvmrc").trim()).toBe(devDependencies.node);
    expect(engines.node).toMatch(/^>=22/);
  });
});
