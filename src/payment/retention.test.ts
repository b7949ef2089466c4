// What events tell is kept for as long as it may be needed; that they came is known for ever.
import { describe, expect, it } from "vitest";
import { setUp, type Setup } from "../../test/flows/setup.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { eventBody, signedRequest, uniqueId } from "../../test/support/engine.ts";

async function age({ sql }: Setup, days: number): Promise<void> {
  await sql.query("update tallystick.webhook_event set received_at = received_at - make_interval(days => $1)", [days]);
}

const renewal = (userId: string): string =>
  eventBody({ type: "invoice.paid", object: invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }) });

async function send({ tally }: Setup, body: string): Promise<void> {
  expect((await tally.handlers.stripeWebhook(await signedRequest(body))).status).toBe(200);
  await tally.drain();
}

const stored = async ({ sql }: Setup): Promise<unknown[]> =>
  sql.query(
    `select status, payload is not null as body, (select count(*)::integer from tallystick.task where id = task_id) as tasks
     from tallystick.webhook_event order by id`,
  );

describe("the body of an event", () => {
  it("is removed by the tick after 90 days, with its task; told again, it is known and changes nothing", async () => {
    const setup = await setUp();
    const body = renewal("ada");
    await send(setup, body);
    await send(setup, eventBody({ type: "customer.updated", object: { id: uniqueId("cus") } }));
    await age(setup, 89);
    expect((await setup.tally.tick()).maintenance["remove-event-bodies"]).toEqual({ removed: 0 });
    await age(setup, 1);
    expect((await setup.tally.tick()).maintenance["remove-event-bodies"]).toEqual({ removed: 1 });
    expect(await stored(setup)).toEqual([
      { status: "processed", body: false, tasks: 0 },
      { status: "ignored", body: false, tasks: 0 },
    ]);
    await send(setup, body);
    expect(await setup.tally.credits.balance({ userId: "ada" })).toMatchObject({ available: 1000 });
    const { items } = await setup.tally.events.list();
    expect(items).toHaveLength(2);
    await expect(setup.tally.events.replay(items[1]?.id ?? "")).rejects.toMatchObject({ code: "invalid_state" });
    expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
  });

  it("that has had no effect yet stays, however old it is, and so does one that is to be handled again", async () => {
    const setup = await setUp();
    await send(setup, eventBody({ type: "invoice.paid", object: invoice({ lines: [{ priceId: "price_unknown" }] }) }));
    await send(setup, renewal("ada"));
    const [, done] = (await setup.tally.events.list()).items.toReversed();
    await setup.tally.events.replay(done?.id ?? "");
    await age(setup, 365);
    await setup.tally.tick();
    // The second has been handled again by the tick's own drain, after the removal.
    expect(await stored(setup)).toEqual([
      { status: "pending", body: true, tasks: 1 },
      { status: "processed", body: true, tasks: 1 },
    ]);
    expect((await setup.tally.tick()).maintenance["remove-event-bodies"]).toEqual({ removed: 1 });
  });

  it("stays while its task is being replayed", async () => {
    const setup = await setUp();
    await send(setup, renewal("ada"));
    await age(setup, 365);
    await setup.sql.transaction(async (tx) => {
      await tx.query("select tallystick.replay_task(task_id, 'ann') from tallystick.webhook_event");
      expect((await setup.tally.tick()).maintenance["remove-event-bodies"]).toEqual({ removed: 0 });
    });
    expect(await stored(setup)).toEqual([{ status: "processed", body: true, tasks: 1 }]);
  });

  it("is kept for as long as the product says, or for ever", async () => {
    const { tally } = await setUp({ eventDays: false });
    expect(Object.keys((await tally.tick()).maintenance)).not.toContain("remove-event-bodies");
    await expect(setUp({ eventDays: -1 })).rejects.toMatchObject({ code: "invalid_request" });
  });
});
