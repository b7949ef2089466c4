// The control API under /sandbox: what a person or a test does to the sandbox, and Stripe's API has not. It asks for the
// same key, so that no web page in the same browser can use it.
import type { Context, Hono } from "hono";
import { passTime } from "../billing/due-work.ts";
import { closeDispute, escalateDispute, openDispute } from "../payments/dispute.ts";
import { failRefund } from "../payments/refund.ts";
import { checkKey } from "../protocol/credentials.ts";
import { invalid } from "../protocol/refusal.ts";
import { render } from "../shape/render.ts";
import { PRESENT_VERSION } from "../shape/version.ts";
import { createId } from "../store/ids.ts";
import { writeSettings } from "../store/settings.ts";
import type { Change } from "../store/change.ts";
import type { World } from "../store/world.ts";
import type { ApiFaults } from "./api-faults.ts";
import { keepBooks } from "./books.ts";
import {
  clockInput,
  disputeInput,
  faultsInput,
  misbehaviourInput,
  pricesInput,
  readInput,
  rollInput,
  settingsInput,
} from "./input.ts";
import { seedPrices } from "./seed.ts";

export function controlRoutes(app: Hono, world: World, faults: ApiFaults): void {
  app.use("/sandbox/*", async (context, next) => {
    checkKey(context.req.header("authorization"));
    await next();
  });
  const answer = async (context: Context, work: (change: Change, id: string) => Promise<unknown>) =>
    context.json(
      render(
        await world.change(async (change) => work(change, context.req.param("id") ?? "")),
        PRESENT_VERSION,
      ) as object,
    );

  app.get("/sandbox/books", async (context) => context.json(await world.read(keepBooks)));
  app.get("/sandbox/clock", async (context) => context.json({ now: await world.read(async ({ now }) => now) }));
  app.post("/sandbox/clock", async (context) => {
    const given = await readInput(context, clockInput);
    return answer(context, async (change) => {
      const target = "advance_s" in given ? change.now + given.advance_s : given.advance_to;
      if (target <= change.now) throw invalid("The clock can only be advanced.");
      await passTime(change, target);
      await writeSettings(change.tx, { clock_offset_s: change.settings.clock_offset_s + target - change.now });
      return { now: target };
    });
  });
  app.get("/sandbox/settings", async (context) => context.json(await world.read(async ({ settings }) => settings)));
  app.post("/sandbox/settings", async (context) => {
    const { after_dunning: after, dunning_days: days } = await readInput(context, settingsInput);
    const given = {
      ...(after !== undefined && { after_dunning: after }),
      ...(days !== undefined && { dunning_days: days }),
    };
    return answer(context, async (change) => {
      await writeSettings(change.tx, given);
      return { ...change.settings, ...given };
    });
  });
  app.get("/sandbox/api-faults", (context) => context.json({ faults: faults.list() }));
  app.post("/sandbox/api-faults", async (context) => {
    faults.set((await readInput(context, faultsInput)).faults);
    return context.json({ faults: faults.list() });
  });
  app.post("/sandbox/prices", async (context) => {
    const { prices } = await readInput(context, pricesInput);
    return answer(context, async (change) => ({ created: await seedPrices(change, prices) }));
  });
  app.post("/sandbox/charges/:id/dispute", async (context) => {
    const given = await readInput(context, disputeInput);
    return answer(context, async (change, id) => openDispute(change, await change.get("charge", id), given));
  });
  app.post("/sandbox/disputes/:id/escalate", async (context) =>
    answer(context, async (change, id) => escalateDispute(change, await change.get("dispute", id))),
  );
  for (const decision of ["won", "lost"] as const) {
    app.post(`/sandbox/disputes/:id/${decision}`, async (context) =>
      answer(context, async (change, id) => closeDispute(change, await change.get("dispute", id), decision)),
    );
  }
  app.post("/sandbox/refunds/:id/fail", async (context) =>
    answer(context, async (change, id) => failRefund(change, await change.get("refund", id))),
  );
  app.post("/sandbox/endpoints/:id/misbehaviour", async (context) => {
    const given = await readInput(context, misbehaviourInput);
    return answer(context, async (change, id) => {
      const endpoint = await change.get("webhook_endpoint", id);
      const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const misbehaviour = { ...endpoint._misbehaviour, ...defined };
      await change.update(endpoint, { _misbehaviour: misbehaviour }, null);
      return misbehaviour;
    });
  });
  app.post("/sandbox/endpoints/:id/roll", async (context) => {
    const { expires_in_s: seconds } = await readInput(context, rollInput);
    return answer(context, async (change, id) => {
      const endpoint = await change.get("webhook_endpoint", id);
      const secret = createId("whsec", 32);
      const until = Date.now() + seconds * 1000;
      const old = endpoint._secrets.map((one) => ({ ...one, until_ms: Math.min(one.until_ms ?? until, until) }));
      await change.update(endpoint, { _secrets: [{ secret, until_ms: null }, ...old] }, null);
      return { id, secret };
    });
  });
  deliveryRoutes(app, world);
}

function deliveryRoutes(app: Hono, world: World): void {
  app.get("/sandbox/deliveries", async (context) => {
    const status = context.req.query("status") ?? null;
    const rows = await world.database.query(
      `select event_id, type, endpoint_id, status, attempts, last_result, due_at
       from tallystick_sandbox.delivery join tallystick_sandbox.event on event.id = event_id
       where $1::text is null or status = $1 order by delivery.id desc limit 100`,
      [status],
    );
    return context.json({ deliveries: rows });
  });
  // What waits for its next try is tried now; what was dropped stays dropped.
  app.post("/sandbox/deliveries/retry", async (context) => {
    const rows = await world.change(async ({ tx }) =>
      tx.query(
        `update tallystick_sandbox.delivery set due_at = clock_timestamp()
         where status = 'pending' and due_at > clock_timestamp() returning id`,
      ),
    );
    return context.json({ retried: rows.length });
  });
}
