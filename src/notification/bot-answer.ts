// What DingTalk's and WeCom's bots answer: HTTP 200 and an `errcode`, which alone says whether the message was taken.

import type { SendOutcome } from "./channel.ts";
import { type Answer, describeAnswer, outcomeOfStatus, parseJsonObject } from "./send-http.ts";

export interface BotCodes {
  /** How long the bot is left alone after a code that says "too often". */
  readonly rateLimitPauseMs: number;
  readonly rateLimited: ReadonlySet<number>;
  /** Codes that no retry can change. One that is not known may be an internal error, so it gets another try. */
  isPermanent(code: number): boolean;
  readonly hints: Readonly<Record<number, string>>;
}

/** Reads a bot's answer. Without an `errcode` of 0 nothing counts as sent. */
export function readBotAnswer(answer: Answer, codes: BotCodes, secrets: readonly string[]): SendOutcome {
  const code = parseJsonObject(answer.body)?.["errcode"];
  if (answer.status >= 500 || typeof code !== "number") {
    const outcome = outcomeOfStatus(answer, secrets, answer.status === 429 ? codes.rateLimitPauseMs : undefined);
    return outcome.outcome === "sent"
      ? { outcome: "failed", reason: `no errcode in the answer: ${describeAnswer(answer, secrets)}` }
      : outcome;
  }
  if (code === 0) return outcomeOfStatus(answer, secrets);
  const hint = codes.hints[code];
  const reason = `errcode ${code}${hint === undefined ? "" : ` (${hint})`}: ${describeAnswer(answer, secrets)}`;
  if (codes.rateLimited.has(code)) {
    return { outcome: "rate_limited", retryAfterMs: codes.rateLimitPauseMs, reason };
  }
  return { outcome: codes.isPermanent(code) ? "rejected" : "failed", reason };
}
