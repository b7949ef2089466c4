import { describe, expect, it } from "vitest";
import { isTallystickError } from "../kernel/errors.ts";
import { dingtalk } from "./dingtalk.ts";
import { discord } from "./discord.ts";
import { feishu } from "./feishu.ts";
import { parseWebhookUrl } from "./host-allow-list.ts";
import { slack } from "./slack.ts";
import { wecom } from "./wecom.ts";

const hosts = ["discord.com", "ptb.discord.com"];
const secretPath = "/api/webhooks/1/secret-token";

function refusal(url: string, allowPrivateHosts = false): string {
  try {
    parseWebhookUrl(url, { receiver: "Discord", hosts, allowPrivateHosts });
  } catch (error) {
    return isTallystickError(error) && error.code === "invalid_request" ? error.message : "another error";
  }
  return "allowed";
}

describe("a webhook URL", () => {
  it.each([
    [`https://discord.com${secretPath}`],
    [`https://ptb.discord.com${secretPath}`],
    [`https://DISCORD.com${secretPath}`],
    [`https://discord.com:443${secretPath}`],
  ])("%s is allowed", (url) => {
    expect(refusal(url)).toBe("allowed");
  });

  it.each([
    ["evil.test", `https://discord.com@evil.test${secretPath}`],
    ["discord.com", `https://user:hunter2@discord.com${secretPath}`],
    ["discord.com.evil.test", `https://discord.com.evil.test${secretPath}`],
    ["evil-discord.com", `https://evil-discord.com${secretPath}`],
    ["evil.discord.com", `https://evil.discord.com${secretPath}`],
    ["discord.com.", `https://discord.com.${secretPath}`],
    ["evil.test", `https://evil.test\\@discord.com${secretPath}`],
    ["evil.test", `https://evil.test#@discord.com${secretPath}`],
    ["discord.com", `http://discord.com${secretPath}`],
    ["discord.com:8443", `https://discord.com:8443${secretPath}`],
    ["discord.com", `ftp://discord.com${secretPath}`],
    ["(none)", `data:text/plain,${secretPath}`],
    ["xn--iscord-92a.com", `https://điscord.com${secretPath}`],
    ["127.0.0.1", `http://127.0.0.1${secretPath}`],
    ["localhost", `https://localhost${secretPath}`],
    ["[::1]", `https://[::1]${secretPath}`],
    ["169.254.169.254", `https://169.254.169.254${secretPath}`],
    ["127.0.0.1", `https://2130706433${secretPath}`],
  ])("to %s is refused, and the error names the host and nothing secret: %s", (host, url) => {
    const message = refusal(url);
    expect(message).toContain(host);
    expect(message).not.toMatch(/secret-token|webhooks\/1|hunter2/);
  });

  it.each(["", "discord.com/api", "https://", "http://[::1"])("that can't be parsed is refused: %j", (url) => {
    expect(refusal(url)).toBe("The Discord webhook URL is not a valid URL.");
  });

  it.each([
    "http://127.0.0.1:8080/x",
    "https://127.255.0.3/x",
    "http://localhost:3000/x",
    "http://[::1]:3000/x",
    "http://2130706433/x",
    "http://127.1/x",
    "http://0x7f.0.0.1/x",
  ])("to loopback is allowed with allowPrivateHosts: %s", (url) => {
    expect(refusal(url, true)).toBe("allowed");
  });

  it.each([
    "http://10.0.0.1/x",
    "http://192.168.1.1/x",
    "http://169.254.169.254/x",
    "http://0.0.0.0/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://[::]/x",
    "http://localhost./x",
    "http://localhost.evil.test/x",
    "http://127.0.0.1.evil.test/x",
    "http://discord.com/x",
    "ftp://127.0.0.1/x",
    "http://user@127.0.0.1/x",
  ])("to any other host stays refused with allowPrivateHosts: %s", (url) => {
    expect(refusal(url, true)).not.toMatch(/^allowed$/);
  });
});

describe("each channel accepts the hosts of its own receiver only", () => {
  const urls = {
    discord: [
      "https://discord.com/api/webhooks/1/t",
      "https://discordapp.com/api/webhooks/1/t",
      "https://ptb.discord.com/api/webhooks/1/t",
      "https://canary.discord.com/api/webhooks/1/t",
    ],
    feishu: ["https://open.feishu.cn/open-apis/bot/v2/hook/t", "https://open.larksuite.com/open-apis/bot/v2/hook/t"],
    slack: ["https://hooks.slack.com/services/T/B/t"],
    dingtalk: ["https://oapi.dingtalk.com/robot/send?access_token=t"],
    wecom: ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=t"],
  };
  const factories = { discord, feishu, slack, dingtalk, wecom };

  it.each(Object.entries(factories))("%s", (name, factory) => {
    for (const [receiver, addresses] of Object.entries(urls)) {
      for (const url of addresses) {
        if (receiver === name) {
          expect(factory({ url }).name).toBe(name);
        } else {
          expect(() => factory({ url })).toThrow(/webhook URL leads to https:\/\/[a-z.]+; allowed is https/);
        }
      }
    }
  });
});
