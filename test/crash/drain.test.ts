// A drain killed with its process before every write on the way of a payment event: claim, payment, ledger, announcement,
// settlement, delivery. The next drain ends the work: paid once, announced once, delivered.
import { fork } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { expireLeases, setUp, skipDelays } from "../flows/setup.ts";
import { checkoutSession, sendEvent } from "../support/engine.ts";
import { crashEngine } from "./crash-engine.ts";
import { setGate, untilGone, victimUrl } from "./steps.ts";

it("a payment event whose drain is killed at any step takes effect exactly once", async () => {
  const { sql, databaseUrl } = await setUp();
  const tally = crashEngine(databaseUrl, 3);
  await using gate = await setGate(databaseUrl, sql, ["before"]);
  const steps: string[] = [];
  for (let step = 1; ; step += 1) {
    const userId = `user-${step}`;
    const object = checkoutSession({
      userId,
      customer: `cus_${step}`,
      id: `cs_${step}`,
      priceId: "price_credits_basic",
    });
    expect((await sendEvent(tally, { type: "checkout.session.completed", object })).status).toBe(200);

    const victim = `victim-${step}`;
    const child = fork(new URL("victim-drain.ts", import.meta.url), [victimUrl(databaseUrl, victim, step)], {
      execArgv: ["--experimental-strip-types", "--no-warnings"],
    });
    const exited = once(child, "exit");
    const stop = await gate.stopped(victim, exited);
    child.kill("SIGKILL");
    await exited;
    if (stop !== undefined) {
      steps.push(stop.name.replace(/^\d+\. before /, ""));
      await gate.open();
      await untilGone(sql, victim);
      await gate.close();
    }

    await expireLeases(sql);
    await skipDelays(sql);
    await tally.drain();
    const done = await sql.query(
      `select balance, paid, sent, events from
          (select current_credits as balance from tallystick.user_credit where user_id = $1) a,
          (select count(*) as paid from tallystick.payment where user_id = $1) b,
          (select count(*) filter (where status = 'sent') as sent from tallystick.notification) c,
          (select count(*) as events from tallystick.webhook_event where status = 'processed') d`,
      [userId],
    );
    expect([stop?.name, ...done]).toEqual([stop?.name, { balance: 100, paid: 1, sent: step, events: step }]);
    if (stop === undefined) break;
  }
  // The way goes through all of these.
  for (const step of [
    "insert payment",
    "insert credit_transaction",
    "insert credit_lot",
    "update user_credit",
    "insert notification",
    "update webhook_event",
    "update task",
  ]) {
    expect(steps).toContain(step);
  }
  expect(await tally.credits.audit()).toMatchObject({ ok: true });
  await tally.close();
}, 600_000);
