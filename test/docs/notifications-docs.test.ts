// docs/notifications.md names every kind, channel and variable that there is, as they are.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { environmentNames } from "../../apps/web/src/env.ts";
import { defaultGroupWithinMs, isAnnouncementKind } from "../../src/notification/kinds.ts";
import * as notification from "../../src/notification/index.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/notifications.md"), "utf8");
const rowsOf = (heading: string): string[][] => {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return [...own.matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) => row.split(" | "));
};

describe("the page on notifications", () => {
  it("lists every kind with its names in both languages, and whether it is told together", () => {
    const listed = rowsOf("Kinds").map(([kind = "", en, zh, , together]) => [
      kind.replaceAll("`", ""),
      en,
      zh,
      together !== "no",
    ]);
    const actual = Object.entries(notification.announcementKinds).map(([kind, { en, zh }]) => [
      kind,
      en,
      zh,
      isAnnouncementKind(kind) && defaultGroupWithinMs[kind] !== undefined,
    ]);
    expect(listed).toEqual(actual);
  });

  it("lists every channel that is exported", () => {
    const channels = Object.keys(notification)
      .filter((name) => Object.hasOwn(notification, `send${name.charAt(0).toUpperCase()}${name.slice(1)}Notification`))
      .concat("email");
    const listed = rowsOf("Channels").map(([channel = ""]) => channel.replaceAll("`", ""));
    expect(channels.length).toBeGreaterThan(8);
    expect(listed.toSorted()).toEqual(channels.toSorted());
  });

  it("names every variable of a channel, and none that does not exist", () => {
    const listed = rowsOf("The reference app").flatMap(([variables = ""]) => variables.match(/[A-Z_]+/g) ?? []);
    const ofChannels = environmentNames.filter((name) =>
      /WEBHOOK_(URL|SECRET)$|^(TELEGRAM|SMTP|RESEND|EMAIL)_/.test(name),
    );
    const real = ofChannels.filter((name) => !name.endsWith("_API_BASE") && name !== "STRIPE_WEBHOOK_SECRET");
    expect([...new Set(listed)].toSorted()).toEqual(real.toSorted());
  });
});
