// /v1/test_helpers/test_clocks. Advancing does its work within the request, so that the clock is ready with the answer.
import { passTime } from "../billing/due-work.ts";
import type { Api } from "../protocol/api.ts";
import { invalid } from "../protocol/refusal.ts";
import type { TestClock } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { createId } from "../store/ids.ts";
import { endSubscription } from "../billing/end-subscription.ts";

const KEPT_FOR_S = 30 * 86_400;

export function testClockRoutes(api: Api): void {
  api.resource("/test_helpers/test_clocks", "test_helpers.test_clock");
  api.post("/test_helpers/test_clocks", async (change, { params }) => {
    const clock: TestClock = {
      id: createId("clock"),
      object: "test_helpers.test_clock",
      created: change.now,
      deletes_after: change.now + KEPT_FOR_S,
      frozen_time: params.requiredInteger("frozen_time"),
      livemode: false,
      name: params.text("name"),
      status: "ready",
      status_details: {},
    };
    return change.create(clock, "test_helpers.test_clock.created");
  });
  api.post("/test_helpers/test_clocks/:id/advance", async (change, { params, part }) => {
    const clock = await change.get("test_helpers.test_clock", part("id"));
    const target = params.requiredInteger("frozen_time");
    if (target <= clock.frozen_time) throw invalid("The clock can only be advanced.", { param: "frozen_time" });
    return advanceClock(await change.on(clock.id), clock, target);
  });
  api.delete("/test_helpers/test_clocks/:id", async (change, { part }) => {
    const clock = await change.get("test_helpers.test_clock", part("id"));
    const at = await change.on(clock.id);
    for (const customer of await at.all("customer", { test_clock: clock.id })) {
      for (const subscription of await at.all("subscription", { customer: customer.id })) {
        if (subscription.ended_at === null) await endSubscription(at, subscription, { reason: null });
      }
      await at.remove(customer, "customer.deleted");
    }
    await at.remove(clock, "test_helpers.test_clock.deleted");
    return { id: clock.id, object: "test_helpers.test_clock", deleted: true };
  });
}

/** Lets the time pass and everything happen that is due in it, in the order of its moments. */
async function advanceClock(change: Change, clock: TestClock, target: number): Promise<TestClock> {
  const details = { advancing: { target_frozen_time: target } };
  const advancing = { status: "advancing" as const, status_details: details };
  await change.update(clock, advancing, "test_helpers.test_clock.advancing");
  await passTime(change, target);
  const ready = { status: "ready" as const, frozen_time: target, status_details: {} };
  return change.at(target).update(clock, ready, "test_helpers.test_clock.ready");
}
