// The precedence of what may name the user.
import { describe, expect, it } from "vitest";
import { invoiceOwner, sessionOwner, subscriptionOwner } from "./owner.ts";

const named = (userId: unknown) => ({ metadata: { userId } });

describe("the user of a checkout session", () => {
  it.each<[string, object, string | null]>([
    ["comes from its metadata", { ...named("u1"), client_reference_id: "u2" }, "u1"],
    ["comes from client_reference_id without metadata", { client_reference_id: "u2" }, "u2"],
    ["is not an empty text", { ...named(""), client_reference_id: "u2" }, "u2"],
    ["is not blank", { ...named(" \t"), client_reference_id: "u2" }, "u2"],
    ["is not a number", { ...named(7), client_reference_id: "u2" }, "u2"],
    ["is not longer than 255 characters", { ...named("u".repeat(256)), client_reference_id: "u2" }, "u2"],
    ["may have 255 characters", named("u".repeat(255)), "u".repeat(255)],
    ["is null when nothing names one", { metadata: null, client_reference_id: null }, null],
  ])("%s", (_, session, userId) => {
    expect(sessionOwner({ ...session, customer: "cus_1" })).toMatchObject({ userId, customerId: "cus_1" });
  });
});

describe("the user of an invoice", () => {
  const own = named("own");
  const parent = { parent: { subscription_details: named("parent") } };
  const details = { subscription_details: named("details") };
  const lines = [{ metadata: {} }, named("line"), named("other line")];
  it.each<[string, object, readonly object[], string | null]>([
    ["comes from its own metadata first", { ...own, ...parent, ...details }, lines, "own"],
    ["then from the subscription of its parent", { metadata: {}, ...parent, ...details }, lines, "parent"],
    ["then from the subscription details of older payloads", { ...named(""), ...details }, lines, "details"],
    ["then from the first line that names one", { parent: null }, lines, "line"],
    ["never from client_reference_id", { client_reference_id: "u2" }, [], null],
  ])("%s", (_, invoice, invoiceLines, userId) => {
    expect(
      invoiceOwner(
        { ...invoice },
        invoiceLines.map((line) => ({ ...line })),
      ).userId,
    ).toBe(userId);
  });
});

describe("the user of a subscription", () => {
  it("comes from its metadata only", () => {
    expect(subscriptionOwner({ ...named("u1"), customer: { id: "cus_1" } })).toEqual({
      userId: "u1",
      customerId: "cus_1",
    });
    expect(subscriptionOwner({ client_reference_id: "u2" })).toEqual({ userId: null, customerId: null });
  });
});
