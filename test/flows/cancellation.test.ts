// What is said when a subscription is cancelled: once when it is decided, once when it has come.
import { describe, expect, it } from "vitest";
import { slack } from "../../src/notification/slack.ts";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { setUp } from "./setup.ts";
import { subscription } from "./stripe-objects.ts";

describe("a cancellation", () => {
  it("is announced when it is scheduled and when it has taken effect, each once, however often Stripe tells it", async () => {
    const { tally, sql } = await setUp({
      notifications: [slack({ url: "http://127.0.0.1:9/hook", allowPrivateHosts: true })],
    });
    const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId: "ada" };
    const scheduled = subscription({ ...known, status: "active", cancelAtPeriodEnd: true });
    const ended = subscription({ ...known, status: "canceled" });
    for (const [type, object] of [
      ["customer.subscription.created", subscription({ ...known, status: "active" })],
      ["customer.subscription.updated", scheduled],
      ["customer.subscription.updated", scheduled],
      ["customer.subscription.deleted", ended],
      ["customer.subscription.updated", scheduled],
      ["customer.subscription.deleted", ended],
    ] as const) {
      await sendEvent(tally, { type, object });
      await tally.drain({ maxTasks: 1 });
    }
    await tally.drain();
    const told = await sql.query<{ title: string }>("select title from tallystick.notification order by id");
    expect(told.map(({ title }) => title)).toEqual(["Subscription cancelled", "Subscription ended"]);
  });
});
