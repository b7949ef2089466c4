// The words of each announcement, in the languages that channels speak.
import type { Announcement } from "../kernel/announcement.ts";
import { formatMoney } from "../kernel/money.ts";
import type { Channel, Message } from "./channel.ts";

type Language = Channel["language"];
export type Rendered = Pick<Message, "severity" | "title" | "text" | "fields">;

const locales: Readonly<Record<Language, string>> = { en: "en-US", zh: "zh-CN" };

const userField: Readonly<Record<Language, string>> = { en: "User", zh: "用户" };
/** The names of the field that says whom a message is about, in every language. */
export const userFieldNames: readonly string[] = Object.values(userField);

/** Renders an announcement; times are UTC, so that every reader sees the same. */
export function render(announcement: Announcement, language: Language): Rendered {
  const say = (en: string, zh: string): string => (language === "zh" ? zh : en);
  const money = (amount: number, currency: string): string => formatMoney(amount, currency, locales[language]);
  const whole = (number: number): string => new Intl.NumberFormat(locales[language]).format(number);
  const user = (userId: string): { name: string; value: string } => ({ name: userField[language], value: userId });
  const ownerOf = ({ userId }: { readonly userId: string | null }) => (userId === null ? [] : [user(userId)]);
  switch (announcement.kind) {
    case "payment.received":
      return {
        severity: "info",
        title: say("Payment received", "收到付款"),
        text: say(
          `${money(announcement.amount, announcement.currency)} received.`,
          `已收到 ${money(announcement.amount, announcement.currency)}。`,
        ),
        fields: [
          user(announcement.userId),
          ...(announcement.items.length > 0
            ? [{ name: say("For", "项目"), value: announcement.items.join(", ") }]
            : []),
        ],
      };
    case "payment.failed":
      return {
        severity: "warning",
        title: say("Payment failed", "付款失败"),
        text: say(
          `${money(announcement.amount, announcement.currency)} could not be collected.`,
          `${money(announcement.amount, announcement.currency)} 未能收取。`,
        ),
        fields: [
          user(announcement.userId),
          ...(announcement.attemptCount === null
            ? []
            : [{ name: say("Attempt", "第几次尝试"), value: String(announcement.attemptCount) }]),
          ...(announcement.nextAttemptAt === undefined
            ? []
            : [
                {
                  name: say("Next attempt", "下次尝试"),
                  value: announcement.nextAttemptAt === null ? say("none", "无") : time(announcement.nextAttemptAt),
                },
              ]),
        ],
      };
    case "payment.refunded":
      return {
        severity: "warning",
        title: say("Payment refunded", "付款已退款"),
        text: say(
          `${money(announcement.amount, announcement.currency)} went back to the payer.`,
          `已向付款人退回 ${money(announcement.amount, announcement.currency)}。`,
        ),
        fields: [...ownerOf(announcement), { name: say("Refund", "退款编号"), value: announcement.returnId }],
      };
    case "payment.refund_failed":
      return {
        severity: "critical",
        title: say("A refund failed", "退款失败"),
        text: say(
          `The refund of ${money(announcement.amount, announcement.currency)} did not reach the payer; its credits are given again.`,
          `${money(announcement.amount, announcement.currency)} 的退款未能送达付款人，相应积分已恢复。`,
        ),
        fields: [...ownerOf(announcement), { name: say("Refund", "退款编号"), value: announcement.returnId }],
      };
    case "payment.disputed":
      return {
        severity: "critical",
        title: announcement.inquiry
          ? say("The payer's bank asks about a payment", "付款银行发起调单")
          : say("Payment disputed", "付款被争议"),
        text: announcement.inquiry
          ? say(
              `${money(announcement.amount, announcement.currency)} is asked about; no money has left.`,
              `涉及 ${money(announcement.amount, announcement.currency)}，款项尚未被扣回。`,
            )
          : say(
              `${money(announcement.amount, announcement.currency)} is disputed.`,
              `争议金额 ${money(announcement.amount, announcement.currency)}。`,
            ),
        fields: [
          ...ownerOf(announcement),
          { name: say("Dispute", "争议编号"), value: announcement.returnId },
          ...(announcement.answerBy === null
            ? []
            : [{ name: say("Answer by", "答复期限"), value: time(announcement.answerBy) }]),
        ],
      };
    case "payment.dispute_closed": {
      const sum = money(announcement.amount, announcement.currency);
      const { title, text } = {
        won: {
          title: say("Dispute won", "争议胜诉"),
          text: say(`${sum} stays with you.`, `${sum} 归您所有。`),
        },
        lost: {
          title: say("Dispute lost", "争议败诉"),
          text: say(`${sum} stays with the payer.`, `${sum} 已退还付款人。`),
        },
        withdrawn: {
          title: say("Dispute ended", "争议已结束"),
          text: say(`${sum} was asked about; it ended without a decision.`, `涉及 ${sum}，未作裁决即已结束。`),
        },
      }[announcement.outcome];
      return {
        severity: announcement.outcome === "lost" ? "critical" : "info",
        title,
        text,
        fields: [...ownerOf(announcement), { name: say("Dispute", "争议编号"), value: announcement.returnId }],
      };
    }
    case "subscription.trial_ending":
      return {
        severity: "info",
        title: say("A trial is about to end", "试用期即将结束"),
        text: say(`The trial ends on ${time(announcement.endsAt)}.`, `试用期将于 ${time(announcement.endsAt)} 结束。`),
        fields: [
          user(announcement.userId),
          ...(announcement.planName === null ? [] : [{ name: say("Plan", "套餐"), value: announcement.planName }]),
          { name: say("Subscription", "订阅编号"), value: announcement.subscriptionId },
        ],
      };
    case "subscription.cancelled":
      return {
        severity: "warning",
        title:
          announcement.endsAt === null
            ? say("Subscription ended", "订阅已结束")
            : say("Subscription cancelled", "订阅已取消"),
        text:
          announcement.endsAt === null
            ? say("The subscription has ended.", "订阅已经结束。")
            : say(
                `The subscription ends on ${time(announcement.endsAt)}.`,
                `订阅将于 ${time(announcement.endsAt)} 结束。`,
              ),
        fields: [
          user(announcement.userId),
          ...(announcement.planName === null ? [] : [{ name: say("Plan", "套餐"), value: announcement.planName }]),
          { name: say("Subscription", "订阅编号"), value: announcement.subscriptionId },
        ],
      };
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
    case "task.dead":
      return {
        severity: "critical",
        title: say("A task needs a person", "任务需要人工处理"),
        text: say(
          `Task ${announcement.taskId} (${announcement.taskName}) gave up. Mend the cause, then replay it.`,
          `任务 ${announcement.taskId}（${announcement.taskName}）已放弃重试。请排除原因后重放。`,
        ),
        fields: [
          { name: say("Error", "错误"), value: announcement.error },
          { name: say("Attempts", "尝试次数"), value: String(announcement.attempts) },
        ],
      };
    case "cron.missed":
      return {
        severity: "warning",
        title: say("A scheduled run was late or missed", "定时任务延迟或漏跑"),
        text: say(
          `${announcement.name} was due at ${time(announcement.dueAt)} and ran at ${time(announcement.claimedAt)}.`,
          `${announcement.name} 应于 ${time(announcement.dueAt)} 运行，实际于 ${time(announcement.claimedAt)} 运行。`,
        ),
        fields:
          announcement.missed > 0 ? [{ name: say("Runs missed", "漏跑次数"), value: String(announcement.missed) }] : [],
      };
    case "payment.events_missed":
      return {
        severity: announcement.problems.length > 0 ? "critical" : "warning",
        title: say("Payment events did not arrive", "支付事件未送达"),
        text: say(
          `${announcement.missing} of ${announcement.seen} that ${announcement.provider} lists between ${time(announcement.since)} and ${time(announcement.until)} never arrived; they are applied now.`,
          `${announcement.provider} 在 ${time(announcement.since)} 至 ${time(announcement.until)} 之间的 ${announcement.seen} 条记录中有 ${announcement.missing} 条未送达，现已补处理。`,
        ),
        fields: announcement.problems.map((value) => ({ name: say("Problem", "问题"), value })),
      };
    case "audit.failed":
      return {
        severity: "critical",
        title: say("The ledger's audit found violations", "账本审计发现异常"),
        text: say(
          `Audit ${announcement.runId} found ${announcement.violations} so far. Read \`tallystick audit --repair-plan\`; correct by entries, never by editing rows.`,
          `第 ${announcement.runId} 次审计目前已发现 ${announcement.violations} 处异常。请运行 \`tallystick audit --repair-plan\`；以新分录更正，切勿直接改行。`,
        ),
        fields: announcement.findings.map(({ accountId, equation, detail }) => ({
          name: equation,
          value: accountId === null ? detail : `${say("account", "账户")} ${accountId}: ${detail}`,
        })),
      };
    case "endpoint.disabled":
      return {
        severity: "warning",
        title: say("An endpoint was disabled", "事件接收端已停用"),
        text:
          announcement.reason === "gone"
            ? say(`${announcement.host} answered 410: it is gone.`, `${announcement.host} 返回 410：该地址已不存在。`)
            : say(
                `${announcement.host} took nothing for five days. Mend it, enable it, and replay what it missed.`,
                `${announcement.host} 已连续五天未接收任何事件。请修复并重新启用，然后重放错过的事件。`,
              ),
        fields: [...ownerOf(announcement), { name: say("Endpoint", "接收端编号"), value: announcement.endpointId }],
      };
  }
}

function time(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
