// What must hold when all is quiet. Every check answers what differs; nothing means that it holds.
import { announcementProblems } from "./delivered.ts";
import { expectedAnnouncements } from "./announcements.ts";
import { all, id, keepBooks } from "./books.ts";
import type { Life } from "./life.ts";
import type { Recovery } from "./recovery.ts";
import type { Spending } from "./spending.ts";
import type { World } from "./world.ts";

export interface Check {
  readonly name: string;
  readonly problems: readonly string[];
}

export interface Ran {
  readonly lives: readonly Life[];
  readonly spending: Spending;
  readonly recovery: Recovery;
}

export async function checkAll(world: World, { lives, spending, recovery }: Ran): Promise<readonly Check[]> {
  const bought = await keepBooks(world.sdk);
  const expected = await expectedAnnouncements(world.sdk, bought);
  const audit = await world.tally.credits.audit();
  const missed = Object.entries(recovery.reconciledAgain.missing).map(([kind, count]) => `${count} ${kind}`);
  return [
    {
      name: "each customer's credits are what was paid, less what went back and was spent",
      problems: await ledgerProblems(),
    },
    { name: "each answered consume is one entry, and nothing else was spent", problems: await spendingProblems() },
    { name: "the audit is clean", problems: audit.violations.map((violation) => JSON.stringify(violation)) },
    { name: "every event of Stripe's that has an effect is known and handled", problems: await eventProblems(world) },
    { name: "a second reconciling finds nothing", problems: missed },
    { name: "subscriptions are as Stripe has them", problems: await subscriptionProblems(world) },
    ...(await announcementProblems(world, expected)),
    { name: "no task is stuck and none is a dead letter", problems: await taskProblems(world) },
    { name: "the application never ended by itself", problems: world.application.crashes },
  ];

  async function ledgerProblems(): Promise<string[]> {
    const problems = [];
    for (const { userId, customer } of lives) {
      const payments = bought.filter((payment) => payment.customer === customer);
      const given = payments.reduce((sum, payment) => sum + payment.given, 0);
      const takenBack = payments.reduce((sum, payment) => sum + payment.takenBack, 0);
      const spent = spending.spentBy(userId);
      const should = given - takenBack - spent;
      const { balance } = await world.tally.credits.balance({ userId });
      if (balance !== should) {
        const sums = `${given} given - ${takenBack} taken back - ${spent} spent = ${should}, but the ledger has ${balance}`;
        problems.push(`${userId} (${customer}): ${sums}; ${await differences(world, userId, payments)}`);
      }
    }
    return problems;
  }

  async function spendingProblems(): Promise<string[]> {
    const rows = await world.ledger.query<{ user_id: string; spent: number }>(
      `select account.user_id, (-sum(entry.amount))::bigint as spent from tallystick.credit_transaction entry
       join tallystick.user_credit account on account.id = entry.account_id where entry.type = 'usage' group by 1`,
    );
    const stored = new Map(rows.map(({ user_id, spent }) => [user_id, spent]));
    return lives.flatMap(({ userId }) => {
      const [told, written] = [spending.spentBy(userId), stored.get(userId) ?? 0];
      return told === written ? [] : [`${userId} was told of ${told} spent, and the journal has ${written}`];
    });
  }
}

/** Where the two sums part: payment by payment. */
async function differences(
  { ledger }: World,
  userId: string,
  payments: Awaited<ReturnType<typeof keepBooks>>,
): Promise<string> {
  const rows = await ledger.query<{ id: string; given: number; net: number }>(
    `select coalesce(payment.invoice_id, payment.session_id) as id,
       coalesce(sum(entry.amount) filter (where entry.type not in ('clawback', 'reinstate')), 0)::bigint as given,
       coalesce(sum(entry.amount), 0)::bigint as net
     from tallystick.payment left join tallystick.credit_transaction entry on entry.payment_id = payment.id
     where payment.user_id = $1 and entry.type is distinct from 'usage' group by 1`,
    [userId],
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  const parts = payments.flatMap(({ id: key, given, takenBack, paid, returned }) => {
    const row = stored.get(key);
    if (row?.given === given && row.net === given - takenBack) return [];
    const has = row === undefined ? "unknown here" : `${row.given} given, ${row.given - row.net} taken back here`;
    return [`${key} (${returned} of ${paid} returned): ${given} given, ${takenBack} taken back by the books, ${has}`];
  });
  return parts.length === 0 ? "every payment agrees" : parts.join("; ");
}

async function eventProblems({ sdk, ledger }: World): Promise<string[]> {
  const stored = await ledger.query<{ event_id: string; status: string }>(
    "select event_id, status from tallystick.webhook_event",
  );
  const known = new Map(stored.map(({ event_id, status }) => [event_id, status]));
  const handled = new Set(
    (
      await ledger.query<{ type: string }>(
        "select distinct type from tallystick.webhook_event where status = 'processed'",
      )
    ).map(({ type }) => type),
  );
  const events = await all(sdk.events.list({ limit: 100 }));
  const lost = events.filter(({ id: key, type }) => handled.has(type) && !known.has(key));
  const open = stored.filter(({ status }) => status !== "processed" && status !== "ignored");
  return [
    ...lost.map(({ id: key, type }) => `${key} (${type}) is not known`),
    ...open.map(({ event_id, status }) => `${event_id} is ${status}`),
  ];
}

async function subscriptionProblems({ sdk, ledger }: World): Promise<string[]> {
  const rows = await ledger.query<{ id: string; state: string }>(
    `select subscription_id as id, concat_ws(' ', status, price_id, quantity, cancel_at_period_end,
       extract(epoch from current_period_end)::bigint) as state from tallystick.subscription`,
  );
  const stored = new Map(rows.map((row) => [row.id, row.state]));
  const subscriptions = await all(sdk.subscriptions.list({ status: "all", limit: 100 }));
  return subscriptions.flatMap((subscription) => {
    const [item] = subscription.items.data;
    const ends = subscription.cancel_at_period_end ? "t" : "f";
    const should = [subscription.status, id(item?.price), item?.quantity, ends, item?.current_period_end].join(" ");
    const state = stored.get(subscription.id);
    return state === should ? [] : [`${subscription.id} is "${should}", and here "${state}"`];
  });
}

async function taskProblems({ ledger }: World): Promise<string[]> {
  const rows = await ledger.query<{
    id: number;
    name: string;
    status: string;
    attempts: number;
    why: string;
    of: string;
  }>(
    `select task.id, name, task.status, attempts, coalesce(last_error, 'no error') as why,
       coalesce(event.type || ' ' || (event.payload #>> '{data,object,id}'), task.payload::text) as of
     from tallystick.task left join tallystick.webhook_event event on event.task_id = task.id
     where task.status <> 'done' order by task.id limit 50`,
  );
  return rows.map(
    ({ id: key, name, status, attempts, why, of }) =>
      `task ${key} (${name} of ${of}) is ${status} after ${attempts} attempts: ${why}`,
  );
}
