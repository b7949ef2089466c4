// The `tallystick/notification` entry point: the channel port, the channels that come with the library but for mail by
// SMTP (`tallystick/email`, so that a bundle without it needs no nodemailer), routes, templates, and direct sends.

export type { Announcement, AnnouncementKind } from "../kernel/announcement.ts";
export type { Channel, ChannelOptions, CommonOptions, Message, SendOutcome, Severity } from "./channel.ts";
export type { NotificationTemplate, NotificationTemplates } from "./custom-templates.ts";
export { dingtalk, sendDingtalkNotification, type DingtalkOptions } from "./dingtalk.ts";
export { discord, sendDiscordNotification } from "./discord.ts";
export { feishu, sendFeishuNotification, type FeishuOptions } from "./feishu.ts";
export { announcementKinds } from "./kinds.ts";
export type { MailOptions } from "./mail.ts";
export { resend, sendResendNotification, type ResendOptions } from "./resend.ts";
export type { KindFilter, NotificationRoute, NotificationTarget } from "./routing.ts";
export { slack, sendSlackNotification } from "./slack.ts";
export { sendNotification, type ChannelOutcome, type MessageInput } from "./send.ts";
export { telegram, sendTelegramNotification, type TelegramOptions } from "./telegram.ts";
export type { Rendered } from "./templates/words.ts";
export { webhook, sendWebhookNotification, type WebhookOptions } from "./webhook.ts";
export { wecom, sendWecomNotification } from "./wecom.ts";
