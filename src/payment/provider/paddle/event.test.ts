// What a signed body is stored as.
import { describe, expect, it } from "vitest";
import { readEvent } from "./event.ts";

const read = (event: object, options = { takesSimulated: true }) =>
  readEvent(new TextEncoder().encode(JSON.stringify(event)), options);
const completed = { event_id: "evt_1", event_type: "transaction.completed", notification_id: "ntf_1" };

describe("an event", () => {
  it("has the event's id, and its customer as the subject", () => {
    const payload = { ...completed, occurred_at: "2026-01-01T00:00:00Z", data: { id: "txn_1", customer_id: "ctm_1" } };
    expect(read(payload)).toEqual({
      id: "evt_1",
      type: "transaction.completed",
      apiVersion: null,
      livemode: null,
      subject: "ctm_1",
      handled: true,
      payload,
    });
  });

  it.each([
    ["adjustment.created", { id: "adj_1", transaction_id: "txn_1", customer_id: "ctm_1" }, "txn_1"],
    ["subscription.updated", { id: "sub_1", customer_id: "ctm_1" }, "ctm_1"],
    ["customer.updated", { id: "ctm_1" }, "ctm_1"],
    ["transaction.completed", { id: "txn_1", customer_id: null }, null],
  ])("of type %s with %j is about %s", (type, data, subject) => {
    expect(read({ ...completed, event_type: type, data }).subject).toBe(subject);
  });

  it.each([
    ["transaction.paid", false],
    ["transaction.updated", false],
    ["transaction.billed", false],
    ["customer.created", false],
    ["toString", false],
    ["transaction.past_due", true],
    ["subscription.resumed", true],
  ])("of type %s is handled: %s", (type, handled) => {
    expect(read({ ...completed, event_type: type, data: {} }).handled).toBe(handled);
  });

  it("of the webhook simulator is handled unless the key is live", () => {
    const simulated = { ...completed, notification_id: "ntfsim_1", data: {} };
    expect(read(simulated)).toMatchObject({ livemode: false, handled: true });
    expect(read(simulated, { takesSimulated: false })).toMatchObject({ livemode: false, handled: false });
  });
});
