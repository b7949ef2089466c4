// What tells whether the journal's outbox is being emptied: how long its oldest entry has waited, and why.
import type { Queryable } from "../db/database.ts";

export interface OutboxHealth {
  /** Entries that wait, counted up to 1,000. */
  readonly waiting: number;
  /** How long the oldest has waited, on the database's clock; null when nothing waits. */
  readonly oldestMs: number | null;
  /** What a hook said that threw, of an entry that waits for its next try. */
  readonly lastError: string | null;
}

export async function outboxHealth(queryable: Queryable): Promise<OutboxHealth> {
  const [row] = await queryable.query<OutboxHealth>(
    `select count(*) as waiting, (extract(epoch from tallystick.clock() - min(entry.created_at)) * 1000)::bigint as "oldestMs",
       max(noted.last_error) as "lastError"
     from (select entry_id, last_error from tallystick.credit_outbox order by account_id, seq limit 1000) noted
     join tallystick.credit_transaction entry on entry.id = noted.entry_id`,
  );
  return row ?? { waiting: 0, oldestMs: null, lastError: null };
}
