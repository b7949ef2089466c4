// The words of subscriptions.
import type { Announcement } from "../../kernel/announcement.ts";
import type { Rendered, Words } from "./words.ts";

type SubscriptionAnnouncement = Extract<Announcement, { readonly kind: `subscription.${string}` }>;

export function renderSubscription(announcement: SubscriptionAnnouncement, words: Words): Rendered {
  const { say, time, user } = words;
  switch (announcement.kind) {
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
  }
}
