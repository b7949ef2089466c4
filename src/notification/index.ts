// The `tallystick/notification` entry point: the channel port, the channels that come with the library, and direct sends.

export type { Channel, ChannelOptions, Message, SendOutcome, Severity } from "./channel.ts";
export { discord, sendDiscordNotification } from "./discord.ts";
export { feishu, sendFeishuNotification, type FeishuOptions } from "./feishu.ts";
export { slack, sendSlackNotification } from "./slack.ts";
export { sendNotification, type ChannelOutcome, type MessageInput } from "./send.ts";
