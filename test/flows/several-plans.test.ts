// A subscription of several yearly plans: each gives its own months, and the one that stays takes no other's.
import { expect, it } from "vitest";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { setUp } from "./setup.ts";
import { flowCatalog } from "./stripe-flows.ts";
import { invoice, subscription } from "./stripe-objects.ts";

it("when one of them is removed, the other's months stay as they are and no month is given twice", async () => {
  const { tally, sql } = await setUp({ catalog: flowCatalog });
  const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId: "ada", status: "active" };
  const items = (...prices: string[]) => ({
    ...subscription(known),
    items: { object: "list", data: prices.map((id, index) => ({ id: `si_${index}`, quantity: 1, price: { id } })) },
  });
  const tell = async (type: string, object: Record<string, unknown>): Promise<void> => {
    await sendEvent(tally, { type, object });
    await tally.drain();
  };
  const lines = [{ priceId: "price_basic_year" }, { priceId: "price_team_year" }];
  await tell("customer.subscription.created", items("price_basic_year", "price_team_year"));
  await tell("invoice.paid", invoice({ ...known, subscription: known.id, lines }));
  await tell("customer.subscription.updated", items("price_team_year"));
  expect((await tally.tasks.list({ status: "dead" })).items).toEqual([]);
  expect((await tally.credits.enrolments({ userId: "ada" })).map(({ planId, status }) => [planId, status])).toEqual([
    ["team", "active"],
    ["basic", "active"],
  ]);
  expect(await tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 6000 });
  expect(await sql.query("select plan_id, one_plan from tallystick.subscription")).toEqual([
    { plan_id: "team", one_plan: false },
  ]);
});

it("a plan that the catalog has lost since is not followed: what is paid is given all the same", async () => {
  const first = await setUp({ catalog: flowCatalog });
  const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId: "ada", status: "active" };
  const told = subscription({ ...known, priceId: "price_team_year" });
  await sendEvent(first.tally, { type: "customer.subscription.created", object: told });
  await first.tally.drain();
  const { tally } = await setUp({ database: first.databaseUrl });
  const lines = [{ priceId: "price_pro_yearly" }];
  await sendEvent(tally, { type: "invoice.paid", object: invoice({ ...known, subscription: known.id, lines }) });
  await tally.drain();
  expect((await tally.tasks.list({ status: "done" })).items).toHaveLength(2);
  expect(await tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 1000 });
});
