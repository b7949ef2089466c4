// The words of alerts on credits.
import type { Announcement } from "../../kernel/announcement.ts";
import type { Rendered, Words } from "./words.ts";

type CreditsAnnouncement = Extract<Announcement, { readonly kind: `credits.${string}` }>;

export function renderCredits(announcement: CreditsAnnouncement, words: Words): Rendered {
  const { say, time, user, whole } = words;
  switch (announcement.kind) {
    case "credits.low":
      return {
        severity: "warning",
        title: say("Low balance", "余额不足"),
        text: say(
          `${whole(announcement.available)} available: fewer than ${whole(announcement.level)}.`,
          `可用余额为 ${whole(announcement.available)}，低于 ${whole(announcement.level)}。`,
        ),
        fields: [
          user(announcement.userId),
          { name: say("Unit", "单位"), value: announcement.unit },
          ...(announcement.percent === null
            ? []
            : [{ name: say("Of the last refill", "占上次充值"), value: `${announcement.percent}%` }]),
        ],
      };
    case "credits.exhausted":
      return {
        severity: "warning",
        title: say("Balance exhausted", "余额已用完"),
        text: say("Nothing is available any more.", "已没有可用余额。"),
        fields: [user(announcement.userId), { name: say("Unit", "单位"), value: announcement.unit }],
      };
    case "credits.expiring":
      return {
        severity: "info",
        title: say("Credits expire soon", "额度即将过期"),
        text: say(
          `${whole(announcement.amount)} expire on ${time(announcement.expiresAt)}.`,
          `${whole(announcement.amount)} 将于 ${time(announcement.expiresAt)} 过期。`,
        ),
        fields: [user(announcement.userId), { name: say("Unit", "单位"), value: announcement.unit }],
      };
  }
}
