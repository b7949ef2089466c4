// The words of announcements: whole in both languages, money by its currency, times in UTC.
import { describe, expect, it } from "vitest";
import type { Announcement } from "../kernel/announcement.ts";
import { render } from "./templates.ts";

const at = new Date("2026-03-01T12:34:56Z");
const announcements: Announcement[] = [
  { kind: "payment.received", key: "k", userId: "ada", amount: 1999, currency: "usd", items: ["Pro", "100 credits"] },
  {
    kind: "payment.failed",
    key: "k",
    userId: "ada",
    amount: 1999,
    currency: "jpy",
    attemptCount: 2,
    nextAttemptAt: at,
  },
  { kind: "subscription.cancelled", key: "k", userId: "ada", subscriptionId: "sub_1", planName: "Pro", endsAt: at },
  { kind: "subscription.cancelled", key: "k", userId: "ada", subscriptionId: "sub_1", planName: null, endsAt: null },
  { kind: "credits.low", key: "k", userId: "ada", unit: "credit", available: 1999, level: 2000, percent: 20 },
  { kind: "credits.low", key: "k", userId: "ada", unit: "credit", available: 99, level: 100, percent: null },
  { kind: "credits.exhausted", key: "k", userId: "ada", unit: "minute" },
  { kind: "credits.expiring", key: "k", userId: "ada", unit: "credit", amount: 1200, expiresAt: at },
  { kind: "task.dead", key: "k", taskId: 7, taskName: "payment-event", attempts: 20, error: "it broke" },
  { kind: "cron.missed", key: "k", name: "report", dueAt: at, claimedAt: new Date("2026-03-01T14:00:00Z"), missed: 3 },
  {
    kind: "audit.failed",
    key: "k",
    runId: 7,
    violations: 2,
    findings: [
      { accountId: "12", equation: "book_is_sum_of_entries", detail: "current_credits 11, entries sum to 10" },
    ],
  },
];

describe("render", () => {
  it.each(announcements.map((announcement): [string, Announcement] => [announcement.kind, announcement]))(
    "says %s in English and in Chinese, with the same fields",
    (_, announcement) => {
      const [english, chinese] = [render(announcement, "en"), render(announcement, "zh")];
      expect(english.severity).toBe(chinese.severity);
      expect(chinese.fields).toHaveLength(english.fields.length);
      for (const text of [english.title, english.text, ...english.fields.map(({ name }) => name)])
        expect(text).toMatch(/^[\x20-\x7e\u00a5]+$/);
      for (const text of [chinese.title, chinese.text]) expect(text).toMatch(/\p{Script=Han}/u);
    },
  );

  it("writes money in the currency's own minor unit", () => {
    const received = (amount: number, currency: string): string =>
      render({ kind: "payment.received", key: "k", userId: "ada", amount, currency, items: [] }, "en").text;
    expect(received(1999, "usd")).toBe("$19.99 received.");
    expect(received(1999, "jpy")).toBe("¥1,999 received.");
    expect(received(1999, "kwd")).toMatch(/^KWD\s1\.999 received\.$/);
  });

  it("says when a subscription ends, what failed, and what was missed", () => {
    const [, failed, ending, ended, , , , , dead, missed] = announcements.map((announcement) =>
      render(announcement, "en"),
    );
    expect(failed).toMatchObject({
      severity: "warning",
      fields: [
        { name: "User", value: "ada" },
        { name: "Attempt", value: "2" },
        { name: "Next attempt", value: "2026-03-01 12:34 UTC" },
      ],
    });
    expect(ending?.text).toBe("The subscription ends on 2026-03-01 12:34 UTC.");
    expect(ended?.title).toBe("Subscription ended");
    expect(dead).toMatchObject({ severity: "critical", fields: [{ value: "it broke" }, { value: "20" }] });
    expect(missed).toMatchObject({
      text: "report was due at 2026-03-01 12:34 UTC and ran at 2026-03-01 14:00 UTC.",
      fields: [{ name: "Runs missed", value: "3" }],
    });
  });

  it("says how much is left and of what, that nothing is, and what expires when", () => {
    const [percent, amount, exhausted, expiring] = announcements
      .filter(({ kind }) => kind.startsWith("credits."))
      .map((announcement) => render(announcement, "en"));
    expect(percent).toMatchObject({
      severity: "warning",
      text: "1,999 available: fewer than 2,000.",
      fields: [
        { name: "User", value: "ada" },
        { name: "Unit", value: "credit" },
        { name: "Of the last refill", value: "20%" },
      ],
    });
    expect(amount?.fields).toHaveLength(2);
    expect(exhausted).toMatchObject({
      severity: "warning",
      title: "Balance exhausted",
      fields: [{}, { value: "minute" }],
    });
    expect(expiring).toMatchObject({ severity: "info", text: "1,200 expire on 2026-03-01 12:34 UTC." });
  });
});
