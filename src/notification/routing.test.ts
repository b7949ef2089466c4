// Which announcements go where: by kind and severity, and a mistake is an error when the product starts.
import { describe, expect, it } from "vitest";
import { createTallystick } from "../index.ts";
import { testCatalog } from "../../test/support/engine.ts";
import type { Channel } from "./channel.ts";
import { announcementKinds } from "./kinds.ts";
import { createRouting, type NotificationTarget } from "./routing.ts";

const channelNamed = (name: string): Channel => ({
  name,
  language: "en",
  minIntervalMs: 0,
  send: async () => ({ outcome: "sent" }),
});
const [ops, finance] = [channelNamed("ops"), channelNamed("finance")];

function refusal(...notifications: unknown[]): string {
  try {
    createTallystick({
      database: "postgres://localhost/none",
      catalog: testCatalog,
      notifications: notifications as NotificationTarget[],
    });
  } catch (error) {
    return error instanceof Error && "code" in error ? `${String(error.code)}: ${error.message}` : String(error);
  }
  return "allowed";
}

describe("a channel alone", () => {
  it("takes every kind and severity", () => {
    const { find, channels } = createRouting([ops, finance]);
    expect(channels).toEqual([ops, finance]);
    for (const kind of Object.keys(announcementKinds)) expect(find(ops, kind, "info")).toBeDefined();
  });
});

describe("a route", () => {
  it("takes its kinds, alone or by subject, from its severity on", () => {
    const { find } = createRouting([
      { channel: ops, kinds: ["task.dead", "credits.*"] },
      { channel: finance, kinds: ["payment.*"], minSeverity: "warning" },
    ]);
    expect(find(ops, "task.dead", "critical")).toBeDefined();
    expect(find(ops, "credits.low", "info")).toBeDefined();
    expect(find(ops, "payment.failed", "critical")).toBeUndefined();
    expect(find(finance, "payment.received", "info")).toBeUndefined();
    expect(find(finance, "payment.failed", "warning")).toBeDefined();
    expect(find(finance, "payment.disputed", "critical")).toBeDefined();
    expect(find(finance, "task.dead", "critical")).toBeUndefined();
  });

  it("stands beside others of its channel: each adds what it takes, and the first that fits decides", () => {
    const { find, channels } = createRouting([
      { channel: ops, kinds: ["task.*"], groupWithinMs: 1000 },
      { channel: ops, minSeverity: "critical" },
      finance,
    ]);
    expect(channels).toEqual([ops, finance]);
    expect(find(ops, "task.dead", "critical")).toEqual({ groupWithinMs: 1000 });
    expect(find(ops, "payment.disputed", "critical")).toEqual({ groupWithinMs: 0 });
    expect(find(ops, "payment.received", "info")).toBeUndefined();
  });

  it("gathers for ten minutes what repeats itself, and news about money and users never, unless it says so", () => {
    const { find } = createRouting([ops]);
    const gathered = Object.keys(announcementKinds).filter((kind) => find(ops, kind, "critical")?.groupWithinMs !== 0);
    expect(gathered).toEqual(["task.dead", "cron.missed", "audit.failed"]);
    expect(find(ops, "task.dead", "critical")).toEqual({ groupWithinMs: 600_000 });
    const quiet = createRouting([{ channel: ops, groupWithinMs: 0 }]);
    expect(quiet.find(ops, "task.dead", "critical")).toEqual({ groupWithinMs: 0 });
    const all = createRouting([{ channel: ops, groupWithinMs: 60_000 }]);
    expect(all.find(ops, "payment.received", "info")).toEqual({ groupWithinMs: 60_000 });
  });
});

describe("a mistake is an error when the product starts, which says what is meant:", () => {
  it.each([
    [{ channel: ops, kinds: ["payment.recieved"] }, /names "payment\.recieved", which is no kind.*payment\.received/],
    [{ channel: ops, kinds: ["payments.*"] }, /names "payments\.\*"/],
    [{ channel: ops, kinds: ["*"] }, /names "\*"/],
    [{ channel: ops, kinds: [".*"] }, /names "\.\*"/],
    [{ channel: ops, kinds: ["pay.*"] }, /names "pay\.\*"/],
    [{ channel: ops, kinds: ["toString"] }, /names "toString"/],
    [{ channel: ops, kinds: [] }, /channel ops takes no kind/],
    [{ channel: ops, minSeverity: "error" }, /has minSeverity "error"; it is one of info, warning, critical/],
    [{ channel: ops, groupWithinMs: -1 }, /has groupWithinMs -1/],
    [{ channel: ops, groupWithinMs: 0.5 }, /has groupWithinMs 0\.5/],
    [{ channel: ops, groupWithinMs: 86_400_001 }, /from 0 to 86400000/],
  ])("%j", (route, problem) => {
    expect(refusal(route)).toMatch(problem);
    expect(refusal(route)).toMatch(/^invalid_request: The route to notification channel ops /);
  });

  it("two channels of one name", () => {
    expect(refusal(ops, { channel: channelNamed("ops"), kinds: ["task.dead"] })).toBe(
      "invalid_request: Two notification channels are named ops; names are unique.",
    );
    expect(refusal({ channel: ops, kinds: ["task.dead"] }, { channel: ops, kinds: ["cron.missed"] })).toBe("allowed");
  });
});
