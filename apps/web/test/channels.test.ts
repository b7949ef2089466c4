import { describe, expect, test } from "vitest";
import { channels } from "../src/channels.ts";
import { environmentNames, parseEnvironment } from "../src/env.ts";

const variables = {
  DISCORD_WEBHOOK_URL: "https://discord.com/api/webhooks/1/t",
  FEISHU_WEBHOOK_URL: "https://open.feishu.cn/open-apis/bot/v2/hook/t",
  FEISHU_WEBHOOK_SECRET: "s",
  SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T/B/t",
  DINGTALK_WEBHOOK_URL: "https://oapi.dingtalk.com/robot/send?access_token=t",
  DINGTALK_WEBHOOK_SECRET: "s",
  WECOM_WEBHOOK_URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
  NOTIFICATION_WEBHOOK_URL: "https://example.com/hook",
  NOTIFICATION_WEBHOOK_SECRET: `whsec_${"A".repeat(32)}`,
  TELEGRAM_BOT_TOKEN: "123456:ABC-DEF1234ghIkl",
  TELEGRAM_CHAT_ID: "-100123",
  SMTP_URL: "smtps://user:password@mail.example.com",
  RESEND_API_KEY: "re_12345678",
  EMAIL_FROM: "Tally <tally@example.com>",
  EMAIL_TO: "ops@example.com, Ada <ada@example.com>",
  NOTIFICATION_LANGUAGE: "zh",
};
const named = (given: Record<string, string>): string[] => channels(parseEnvironment(given)).map(({ name }) => name);

describe("the app's channels", () => {
  test("are all whose variables are set, in the language that is set", () => {
    const all = channels(parseEnvironment(variables));
    const names = ["discord", "feishu", "slack", "dingtalk", "wecom", "webhook", "telegram", "email", "resend"];
    expect(all.map(({ name }) => name)).toEqual(names);
    expect(new Set(all.map(({ language }) => language))).toEqual(new Set(["zh"]));
  });

  test("are none when nothing is set, and those that need two variables are none with one", () => {
    expect(named({})).toEqual([]);
    expect(named(Object.fromEntries(environmentNames.map((name) => [name, ""])))).toEqual([]);
    for (const name of [
      "TELEGRAM_BOT_TOKEN",
      "TELEGRAM_CHAT_ID",
      "SMTP_URL",
      "RESEND_API_KEY",
      "EMAIL_FROM",
    ] as const) {
      expect(named({ [name]: variables[name] })).toEqual([]);
    }
  });

  test("are refused when they can't be used, and the error tells no secret", () => {
    for (const wrong of [
      { DINGTALK_WEBHOOK_URL: "https://evil.test/robot/send?access_token=hunter2" },
      { TELEGRAM_BOT_TOKEN: "hunter2", TELEGRAM_CHAT_ID: "1" },
      { NOTIFICATION_WEBHOOK_URL: "http://169.254.169.254/hunter2" },
      { ...variables, SMTP_URL: "smtps://user:hunter2@mail.example.com/inbox" },
    ]) {
      expect(() => named(wrong)).toThrow(/DingTalk|Telegram|webhook|SMTP/);
      expect(() => named(wrong)).not.toThrow(/hunter2/);
    }
  });
});
