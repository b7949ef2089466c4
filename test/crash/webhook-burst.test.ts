// A server killed in the middle of a burst of webhooks: whatever it had answered with 200 has its effect, once.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { expireLeases, setUp, skipDelays } from "../flows/setup.ts";
import { invoice } from "../flows/stripe-objects.ts";
import { checkoutSession, eventBody, signatureOf, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";

const EVENTS = 500;
const USERS = 40;

interface Server {
  readonly child: ChildProcess;
  readonly origin: string;
}

async function startServer(databaseUrl: string): Promise<Server> {
  const child = spawn(
    process.execPath,
    [
      "--experimental-strip-types",
      "--no-warnings",
      new URL("webhook-server.ts", import.meta.url).pathname,
      databaseUrl,
      WEBHOOK_SECRET,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const [origin] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, origin };
}

/** Packs and months for 40 users; a third of the events tells of a payment that another event tells of as well. */
function burst(): { readonly id: string; readonly body: string; readonly fact: string; readonly credits: number }[] {
  const events = [];
  for (let index = 0; index < EVENTS; index += 1) {
    const id = uniqueId("evt");
    const userId = `user-${index % USERS}`;
    const known = { userId, customer: `cus_${index % USERS}` };
    // Two of three payments are told of by one event, every third by two.
    const payment = index % 3 === 2 ? index - 1 : index;
    if (payment % 2 === 0) {
      const object = checkoutSession({
        ...known,
        userId: `user-${payment % USERS}`,
        id: `cs_${payment}`,
        priceId: "price_credits_basic",
      });
      events.push({
        id,
        body: eventBody({ id, type: "checkout.session.completed", object }),
        fact: `cs_${payment}`,
        credits: 100,
      });
    } else {
      const lines = [{ id: `il_${payment}`, priceId: "price_pro_monthly" }];
      const object = invoice({
        ...known,
        userId: `user-${payment % USERS}`,
        id: `in_${payment}`,
        subscription: `sub_${payment}`,
        lines,
      });
      events.push({ id, body: eventBody({ id, type: "invoice.paid", object }), fact: `in_${payment}`, credits: 1000 });
    }
  }
  return events;
}

describe("a server that is killed in the middle of 500 webhooks", () => {
  it("has given every event that it answered 200 its effect exactly once after the restart, with nothing sent again", async () => {
    const { tally, sql, databaseUrl } = await setUp();
    const events = burst();
    const signed = await Promise.all(
      events.map(async (event) => ({ ...event, signature: await signatureOf(event.body) })),
    );
    const first = await startServer(databaseUrl);
    const exited = once(first.child, "exit");

    const acknowledged: typeof signed = [];
    const waiting = [...signed];
    const send = async (): Promise<void> => {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
        const { body, signature } = event;
        const response = await fetch(first.origin, {
          method: "POST",
          body,
          headers: { "stripe-signature": signature },
        }).catch(() => undefined);
        if (response?.status === 200) acknowledged.push(event);
        // Somewhere in the burst, with tasks claimed, loaded, half applied and not begun.
        if (acknowledged.length === 200) first.child.kill("SIGKILL");
      }
    };
    await Promise.all(Array.from({ length: 16 }, send));
    await exited;
    expect(first.child.signalCode).toBe("SIGKILL");
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(acknowledged.length).toBeLessThan(EVENTS);

    // Everything that was answered is stored; the kill may have left some of it done, some leased and some waiting.
    const stored = await sql.query<{ event_id: string; status: string }>(
      "select event_id, status from tallystick.webhook_event",
    );
    const storedIds = new Set(stored.map(({ event_id }) => event_id));
    expect(acknowledged.filter(({ id }) => !storedIds.has(id))).toEqual([]);
    expect(stored.filter(({ status }) => status === "pending")).not.toEqual([]);

    // The backends of the killed process roll back when they notice; what they hold is free then.
    for (let open = true; open;) {
      const rows = await sql.query(
        "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state like '%transaction%'",
      );
      open = rows.length > 0;
    }
    const second = await startServer(databaseUrl);
    await expireLeases(sql);
    // One more event, of a type without an effect, is the wake of the restarted server's drain.
    const nudge = eventBody({ type: "product.updated", object: { id: "prod_1" } });
    for (;;) {
      await fetch(second.origin, {
        method: "POST",
        body: nudge,
        headers: { "stripe-signature": await signatureOf(nudge) },
      });
      const [left] = await sql.query<{ count: number }>(
        "select count(*) as count from tallystick.task where status in ('pending', 'running')",
      );
      if (left?.count === 0) break;
      await skipDelays(sql);
    }

    const expected = new Map(signed.filter(({ id }) => storedIds.has(id)).map(({ fact, credits }) => [fact, credits]));
    const entries = await sql.query<{ fact: string; amount: number }>(
      "select fact, amount from tallystick.credit_transaction",
    );
    const granted = entries.map(({ fact, amount }): [string, number] => [fact.split(":")[1] ?? "", amount]);
    expect(granted).toHaveLength(expected.size);
    expect(new Map(granted)).toEqual(expected);
    expect(
      await sql.query("select distinct status from tallystick.webhook_event where type <> 'product.updated'"),
    ).toEqual([{ status: "processed" }]);
    expect(await tally.credits.audit()).toMatchObject({ ok: true, violations: [] });
  }, 120_000);
});
