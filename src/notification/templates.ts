// The built-in words of each announcement, in the languages that channels speak.
import type { Announcement } from "../kernel/announcement.ts";
import { renderCredits } from "./templates/credits.ts";
import { renderOperations } from "./templates/operations.ts";
import { renderPayment } from "./templates/payment.ts";
import { renderSubscription } from "./templates/subscription.ts";
import { renderTopUp } from "./templates/top-up.ts";
import { type Language, type Rendered, wordsOf } from "./templates/words.ts";

/** Renders an announcement; times are UTC, so that every reader sees the same. */
export function render(announcement: Announcement, language: Language): Rendered {
  const words = wordsOf(language);
  switch (announcement.kind) {
    case "payment.received":
    case "payment.failed":
    case "payment.refunded":
    case "payment.refund_failed":
    case "payment.disputed":
    case "payment.dispute_closed":
    case "payment.events_missed":
      return renderPayment(announcement, words);
    case "subscription.trial_ending":
    case "subscription.cancelled":
      return renderSubscription(announcement, words);
    case "credits.low":
    case "credits.exhausted":
    case "credits.expiring":
      return renderCredits(announcement, words);
    case "top_up.failed":
    case "top_up.action_required":
    case "top_up.limit_reached":
      return renderTopUp(announcement, words);
    case "task.dead":
    case "cron.missed":
    case "audit.failed":
    case "endpoint.disabled":
      return renderOperations(announcement, words);
  }
}
