// The notification channels: every one whose variables are set.
import { email } from "tallystick/email";
import { dingtalk, discord, feishu, resend, slack, telegram, webhook, wecom } from "tallystick/notification";
import type { Channel } from "tallystick/notification";
import type { Environment } from "./env.ts";

/** @throws invalid_request when a variable can't be used, without its value */
export function channels(settings: Environment): Channel[] {
  const shared = {
    language: settings.NOTIFICATION_LANGUAGE,
    allowPrivateHosts: settings.TALLYSTICK_ALLOW_PRIVATE_HOSTS,
  };
  const signed = (secret: string | undefined) => (secret ? { secret } : {});
  const { EMAIL_FROM: from, EMAIL_TO: to, SMTP_URL, RESEND_API_KEY: apiKey, RESEND_API_BASE } = settings;
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_CHAT_ID: chatId, TELEGRAM_API_BASE } = settings;
  const mail = from && to.length > 0 ? { ...shared, from, to } : undefined;
  return [
    ...(settings.DISCORD_WEBHOOK_URL ? [discord({ ...shared, url: settings.DISCORD_WEBHOOK_URL })] : []),
    ...(settings.FEISHU_WEBHOOK_URL
      ? [feishu({ ...shared, url: settings.FEISHU_WEBHOOK_URL, ...signed(settings.FEISHU_WEBHOOK_SECRET) })]
      : []),
    ...(settings.SLACK_WEBHOOK_URL ? [slack({ ...shared, url: settings.SLACK_WEBHOOK_URL })] : []),
    ...(settings.DINGTALK_WEBHOOK_URL
      ? [dingtalk({ ...shared, url: settings.DINGTALK_WEBHOOK_URL, ...signed(settings.DINGTALK_WEBHOOK_SECRET) })]
      : []),
    ...(settings.WECOM_WEBHOOK_URL ? [wecom({ ...shared, url: settings.WECOM_WEBHOOK_URL })] : []),
    ...(settings.NOTIFICATION_WEBHOOK_URL
      ? [
          webhook({
            ...shared,
            url: settings.NOTIFICATION_WEBHOOK_URL,
            ...signed(settings.NOTIFICATION_WEBHOOK_SECRET),
          }),
        ]
      : []),
    ...(token && chatId
      ? [telegram({ ...shared, token, chatId, ...(TELEGRAM_API_BASE && { apiBase: TELEGRAM_API_BASE }) })]
      : []),
    ...(SMTP_URL && mail ? [email({ ...mail, url: SMTP_URL })] : []),
    ...(apiKey && mail ? [resend({ ...mail, apiKey, ...(RESEND_API_BASE && { apiBase: RESEND_API_BASE }) })] : []),
  ];
}
