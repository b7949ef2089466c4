// A product's own words: typed, merged with the built-in ones, and never at the cost of a message.
import { describe, expect, expectTypeOf, it } from "vitest";
import { createTallystick } from "../index.ts";
import { testCatalog } from "../../test/support/engine.ts";
import type { Announcement } from "../kernel/announcement.ts";
import { word, type NotificationTemplates } from "./custom-templates.ts";
import { render } from "./templates.ts";

const announcement: Announcement = {
  kind: "payment.received",
  key: "k",
  userId: "ada",
  amount: 1999,
  currency: "usd",
  items: ["Pro"],
};

function worded(templates: NotificationTemplates, language: "en" | "zh" = "en", given: Announcement = announcement) {
  const failures: unknown[] = [];
  return { ...word(given, language, templates, (error) => failures.push(error)), failures };
}

describe("a template of the product's own", () => {
  it("gets the announcement of its kind and the built-in words, and replaces what it answers", () => {
    const templates: NotificationTemplates = {
      "payment.received": {
        en: (paid, builtIn) => {
          expectTypeOf(paid.items).toEqualTypeOf<readonly string[]>();
          return { title: `Hooray for ${paid.items.join(", ")}`, text: `${builtIn.text} Thank you.` };
        },
      },
    };
    expect(worded(templates)).toEqual({
      severity: "info",
      title: "Hooray for Pro",
      text: "$19.99 received. Thank you.",
      fields: render(announcement, "en").fields,
      custom: true,
      failures: [],
    });
  });

  it("is for its kind and its language alone", () => {
    const templates: NotificationTemplates = { "payment.received": { zh: () => ({ title: "好" }) } };
    expect(worded(templates)).toMatchObject({ ...render(announcement, "en"), custom: false });
    expect(worded(templates, "zh")).toMatchObject({ title: "好", custom: true });
    const exhausted: Announcement = { kind: "credits.exhausted", key: "k", userId: "ada", unit: "credit" };
    expect(worded(templates, "zh", exhausted)).toMatchObject({ ...render(exhausted, "zh"), custom: false });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["answers nothing", () => undefined],
    ["answers a string", () => "hello"],
    ["answers a promise", async () => ({ title: "x" })],
    ["answers a title that is no string", () => ({ title: 7 })],
    ["answers a text that is missing", () => ({ text: undefined })],
    ["answers a severity that does not exist", () => ({ severity: "fatal" })],
    ["answers fields that are none", () => ({ fields: [{ name: "User" }] })],
    ["answers fields that are no list", () => ({ fields: {} })],
  ])("that %s gives way to the built-in words, and is reported", (_, template) => {
    const templates = { "payment.received": { en: template } } as unknown as NotificationTemplates;
    const { failures, ...rest } = worded(templates);
    expect(rest).toEqual({ ...render(announcement, "en"), custom: false });
    expect(failures).toHaveLength(1);
  });

  it("may answer what Postgres could not store, or too much of it", () => {
    const templates: NotificationTemplates = {
      "payment.received": {
        en: () => ({
          title: "a\0b\ud800",
          text: "x".repeat(1_000_000),
          fields: Array.from({ length: 1000 }, () => ({ name: "n\0", value: "v\udc00" })),
        }),
      },
    };
    const { title, text, fields } = worded(templates);
    expect(title).toBe("a\ufffdb\ufffd");
    expect(text).toHaveLength(20_000);
    expect(fields).toHaveLength(100);
    expect(fields[0]).toEqual({ name: "n\ufffd", value: "v\ufffd" });
  });
});

describe("a mistake in the option templates is an error when the product starts:", () => {
  it.each([
    [{ "payment.recieved": {} }, /names "payment\.recieved", which is no kind/],
    [{ "payment.received": { fr: () => ({}) } }, /payment\.received takes functions for en and zh/],
    [{ "payment.received": { en: "text" } }, /payment\.received takes functions/],
  ])("%j", (templates, problem) => {
    const make = (): unknown =>
      createTallystick({
        database: "postgres://localhost/none",
        catalog: testCatalog,
        templates: templates as NotificationTemplates,
      });
    expect(make).toThrow(problem);
  });
});
