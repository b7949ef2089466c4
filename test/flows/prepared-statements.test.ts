// An engine whose statements are prepared: Postgres may plan each for all values after its fifth use.
import { expect, it } from "vitest";
import { sendEvent } from "../support/engine.ts";
import { setUp } from "./setup.ts";
import { invoice, subscription } from "./stripe-objects.ts";

it("gives, spends and tells the same, however often a statement is used, and also after it is installed anew", async () => {
  const { tally, sql } = await setUp({ preparedStatements: true, poolSize: 2 });
  for (let round = 1; round <= 8; round += 1) {
    const known = { id: `sub_${round}`, customer: `cus_${round}`, userId: `user-${round}` };
    await sendEvent(tally, {
      type: "customer.subscription.updated",
      object: subscription({ ...known, status: "active" }),
    });
    const lines = [{ priceId: "price_pro_monthly" }];
    await sendEvent(tally, { type: "invoice.paid", object: invoice({ ...known, subscription: known.id, lines }) });
    await tally.drain();
    await tally.credits.consume({ userId: known.userId, amount: round, idempotencyKey: "one" });
    expect(await tally.credits.balance({ userId: known.userId })).toMatchObject({ balance: 1000 - round });
    // Every function is written anew, as by a process of another version.
    if (round === 6) {
      await sql.query("update tallystick.migration set hash = 'of before' where name = 'functions'");
      expect(await tally.migrate()).toMatchObject({ functionsReplaced: true });
    }
  }
  expect(await tally.tick()).toMatchObject({ tasks: { dead: 0 } });
  expect((await tally.tasks.list({ status: "dead" })).items).toEqual([]);
  expect(await tally.credits.audit()).toMatchObject({ ok: true });
});
