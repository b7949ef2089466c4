import { expect, it } from "vitest";
import { startReceiver } from "../../test/receiver.ts";
import { discord, feishu, sendNotification, slack, type Channel } from "./index.ts";

it("sendNotification sends to all channels and answers one outcome per channel, in order", async () => {
  await using good = await startReceiver({ body: '{"code":0}' });
  await using bad = await startReceiver({ status: 404, body: "no_service" });
  const outcomes = await sendNotification(
    [
      discord({ url: good.origin, name: "ops", allowPrivateHosts: true }),
      slack({ url: bad.origin, allowPrivateHosts: true }),
      feishu({ url: good.origin, allowPrivateHosts: true }),
    ],
    { title: "Hello", text: "World", severity: "critical" },
  );
  expect(outcomes).toEqual([
    { channel: "ops", outcome: "sent" },
    { channel: "slack", outcome: "rejected", reason: "HTTP 404: no_service" },
    { channel: "feishu", outcome: "sent" },
  ]);
  expect(good.received).toHaveLength(2);
});

it("sendNotification answers a failure for a channel that throws, and still sends to the others", async () => {
  await using receiver = await startReceiver({ body: "ok" });
  const broken: Channel = {
    name: "broken",
    language: "en",
    minIntervalMs: 0,
    send: () => Promise.reject(new Error("can't post to https://example.test/secret")),
  };
  const working = slack({ url: receiver.origin, allowPrivateHosts: true });
  expect(await sendNotification([broken, working], { title: "Hello", text: "World" })).toEqual([
    { channel: "broken", outcome: "failed", reason: "can't post to https://example.test/…" },
    { channel: "slack", outcome: "sent" },
  ]);
});
