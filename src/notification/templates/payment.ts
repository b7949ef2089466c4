// The words of payments, refunds and disputes.
import type { Announcement } from "../../kernel/announcement.ts";
import type { Rendered, Words } from "./words.ts";

type PaymentAnnouncement = Extract<Announcement, { readonly kind: `payment.${string}` }>;

export function renderPayment(announcement: PaymentAnnouncement, words: Words): Rendered {
  const { money, ownerOf, say, time, user } = words;
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
  }
}
