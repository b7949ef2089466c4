// The kinds of announcements at run time: their names for people, and which of them are grouped unless told otherwise.
import type { AnnouncementKind } from "../kernel/announcement.ts";
import { TallystickError } from "../kernel/errors.ts";

/** What each kind is called, in the languages that channels speak. */
export const announcementKinds: Readonly<Record<AnnouncementKind, { readonly en: string; readonly zh: string }>> = {
  "payment.received": { en: "Payment received", zh: "收到付款" },
  "payment.failed": { en: "Payment failed", zh: "付款失败" },
  "payment.refunded": { en: "Payment refunded", zh: "付款已退款" },
  "payment.refund_failed": { en: "A refund failed", zh: "退款失败" },
  "payment.disputed": { en: "Payment disputed", zh: "付款被争议" },
  "payment.dispute_closed": { en: "Dispute closed", zh: "争议已结束" },
  "payment.events_missed": { en: "Payment events did not arrive", zh: "支付事件未送达" },
  "subscription.trial_ending": { en: "A trial is about to end", zh: "试用期即将结束" },
  "subscription.cancelled": { en: "Subscription cancelled or ended", zh: "订阅已取消或结束" },
  "credits.low": { en: "Low balance", zh: "余额不足" },
  "credits.exhausted": { en: "Balance exhausted", zh: "余额已用完" },
  "credits.expiring": { en: "Credits expire soon", zh: "额度即将过期" },
  "top_up.failed": { en: "An automatic top-up was declined", zh: "自动充值被拒" },
  "top_up.action_required": { en: "An automatic top-up needs its payer", zh: "自动充值需要付款人验证" },
  "top_up.limit_reached": { en: "This month's automatic top-ups are used up", zh: "本月自动充值次数已用完" },
  "task.dead": { en: "A task needs a person", zh: "任务需要人工处理" },
  "cron.missed": { en: "A scheduled run was late or missed", zh: "定时任务延迟或漏跑" },
  "audit.failed": { en: "The ledger's audit found violations", zh: "账本审计发现异常" },
  "endpoint.disabled": { en: "An endpoint was disabled", zh: "事件接收端已停用" },
};

const GROUP_WITHIN_MS = 10 * 60_000;

/** How long alerts of a kind are gathered where a route does not say: news about money is never kept back. */
export const defaultGroupWithinMs: Readonly<Partial<Record<AnnouncementKind, number>>> = {
  "task.dead": GROUP_WITHIN_MS,
  "cron.missed": GROUP_WITHIN_MS,
  "audit.failed": GROUP_WITHIN_MS,
};

export function isAnnouncementKind(value: string): value is AnnouncementKind {
  return Object.hasOwn(announcementKinds, value);
}

/** The error for a kind that does not exist; it lists those that do. */
export function unknownKind(value: string, where: string): TallystickError {
  return new TallystickError(
    "invalid_request",
    `${where} names ${JSON.stringify(value)}, which is no kind of announcement. ` +
      `Kinds are ${Object.keys(announcementKinds).join(", ")}.`,
  );
}
