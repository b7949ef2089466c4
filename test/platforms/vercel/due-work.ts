// What a day leaves due on a ledger of many accounts: for each a lot that is past its date and a month to be granted,
// and payment events that nobody has handled.
import pg from "pg";
import { fillSweep } from "../../../bench/expire/plain.ts";
import { signatureOf } from "../../support/engine.ts";
import type { Tallystick } from "../../../src/index.ts";
import { payment } from "./platform.ts";

export interface DueWork {
  readonly accounts: number;
  readonly lotsOfAnAccount: number;
  readonly events: number;
}

export async function makeDue(databaseUrl: string, tally: Tallystick, size: DueWork): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  await fillSweep(pool, size.accounts, size.lotsOfAnAccount);
  await pool.query(
    `insert into tallystick.credit_enrolment (account_id, plan_id, type, anchor_at, next_due_at)
     select id, 'free', 'monthly_refresh', now() - interval '1 day', now() - interval '1 day' from tallystick.user_credit`,
  );
  await pool.end();
  const bodies = Array.from({ length: size.events }, (_, index) => payment(`payer-${index}`));
  await Promise.all(
    bodies.map(async (body) =>
      tally.payment.handleWebhookEvent(body, new Headers({ "stripe-signature": await signatureOf(body) })),
    ),
  );
}
