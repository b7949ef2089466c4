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
  { kind: "payment.refunded", key: "k", userId: "ada", returnId: "re_1", amount: 500, currency: "usd" },
  { kind: "payment.refund_failed", key: "k", userId: null, returnId: "re_1", amount: 500, currency: "usd" },
  ...[true, false].map((inquiry): Announcement => ({
    kind: "payment.disputed",
    key: "k",
    userId: "ada",
    returnId: "dp_1",
    amount: 500,
    currency: "usd",
    inquiry,
    answerBy: inquiry ? null : at,
  })),
  ...(["won", "lost", "withdrawn"] as const).map((outcome): Announcement => ({
    kind: "payment.dispute_closed",
    key: "k",
    userId: "ada",
    returnId: "dp_1",
    amount: 500,
    currency: "usd",
    outcome,
  })),
  { kind: "subscription.trial_ending", key: "k", userId: "ada", subscriptionId: "sub_1", planName: "Pro", endsAt: at },
  { kind: "credits.low", key: "k", userId: "ada", unit: "credit", available: 1999, level: 2000, percent: 20 },
  { kind: "credits.low", key: "k", userId: "ada", unit: "credit", available: 99, level: 100, percent: null },
  { kind: "credits.exhausted", key: "k", userId: "ada", unit: "minute" },
  { kind: "credits.expiring", key: "k", userId: "ada", unit: "credit", amount: 1200, expiresAt: at },
  { kind: "task.dead", key: "k", taskId: 7, taskName: "payment-event", attempts: 20, error: "it broke" },
  {
    kind: "payment.events_missed",
    key: "k",
    provider: "stripe",
    since: at,
    until: at,
    seen: 20,
    missing: 2,
    problems: ["Stripe has no enabled webhook endpoint."],
  },
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
    const [failed, ending, ended, dead, missed] = announcements
      .filter(({ kind }) => /^(payment.failed|subscription.cancelled|task.dead|cron.missed)$/.test(kind))
      .map((announcement) => render(announcement, "en"));
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

  it("says what went back, what is disputed and how it ended, of a user when one is known", () => {
    const told = announcements
      .filter(({ kind }) => /^payment\.(refund|dispute)/.test(kind))
      .map((announcement) => render(announcement, "en"));
    expect(told.map(({ severity, text }) => [severity, text])).toEqual([
      ["warning", "$5.00 went back to the payer."],
      ["critical", "The refund of $5.00 did not reach the payer; its credits are given again."],
      ["critical", "$5.00 is asked about; no money has left."],
      ["critical", "$5.00 is disputed."],
      ["info", "$5.00 stays with you."],
      ["critical", "$5.00 stays with the payer."],
      ["info", "$5.00 was asked about; it ended without a decision."],
    ]);
    expect(told[1]?.fields).toEqual([{ name: "Refund", value: "re_1" }]);
    expect(told[3]?.fields).toEqual([
      { name: "User", value: "ada" },
      { name: "Dispute", value: "dp_1" },
      { name: "Answer by", value: "2026-03-01 12:34 UTC" },
    ]);
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
