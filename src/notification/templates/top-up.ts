// The words of automatic top-ups.
import type { Announcement } from "../../kernel/announcement.ts";
import type { Rendered, Words } from "./words.ts";

type TopUpAnnouncement = Extract<Announcement, { readonly kind: `top_up.${string}` }>;

export function renderTopUp(announcement: TopUpAnnouncement, { say, time, user, whole }: Words): Rendered {
  switch (announcement.kind) {
    case "top_up.failed":
      return {
        severity: announcement.suspended ? "critical" : "warning",
        title: say("An automatic top-up was declined", "自动充值被拒"),
        text: announcement.suspended
          ? say("It is suspended until somebody resumes it.", "自动充值已暂停，需人工恢复。")
          : say("It is tried again later.", "稍后将自动重试。"),
        fields: [
          user(announcement.userId),
          { name: say("Price", "价格"), value: announcement.priceId },
          { name: say("Reason", "原因"), value: announcement.reason },
          ...(announcement.nextAttemptAt === null
            ? []
            : [{ name: say("Next attempt", "下次尝试"), value: time(announcement.nextAttemptAt) }]),
        ],
      };
    case "top_up.action_required":
      return {
        severity: "warning",
        title: say("An automatic top-up needs its payer", "自动充值需要付款人验证"),
        text: say(
          `The bank asks for the payer; it is given up at ${time(announcement.expiresAt)}.`,
          `银行要求付款人验证，将于 ${time(announcement.expiresAt)} 失效。`,
        ),
        fields: [
          user(announcement.userId),
          { name: say("Price", "价格"), value: announcement.priceId },
          ...(announcement.payUrl === null
            ? []
            : [{ name: say("To be paid at", "付款地址"), value: announcement.payUrl }]),
        ],
      };
    case "top_up.limit_reached":
      return {
        severity: "warning",
        title: say("This month's automatic top-ups are used up", "本月自动充值次数已用完"),
        text: say(
          `All ${whole(announcement.maxPerMonth)} of this month are used, and little is left; the next comes at ${time(announcement.resetsAt)} at the earliest.`,
          `本月 ${whole(announcement.maxPerMonth)} 次已全部用完且余额不足，最早于 ${time(announcement.resetsAt)} 恢复。`,
        ),
        fields: [user(announcement.userId)],
      };
  }
}
