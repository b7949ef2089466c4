// What time will do: renew, end, retry, expire. The work itself is in billing/due-work.ts.
import type { Queryable } from "../../../../db/database.ts";

export type Work =
  | "renew"
  | "cancel"
  | "trial_will_end"
  | "announce_invoice"
  | "resume_collection"
  | "give_up_incomplete"
  | "drop_pending_update"
  | "finalize_invoice"
  | "retry_payment"
  | "past_due"
  | "settle_payment"
  | "settle_refund"
  | "fail_refund"
  | "expire_session";

export interface DueWork {
  readonly objectId: string;
  readonly work: Work;
  readonly at: number;
}

/** Plans the work; at another time than before, or not at all when `at` is null. */
export async function plan(
  tx: Queryable,
  { objectId, work, at, clock }: { objectId: string; work: Work; at: number | null; clock: string | null },
): Promise<void> {
  if (at === null) {
    await tx.query("delete from tallystick_sandbox.due where object_id = $1 and work = $2", [objectId, work]);
    return;
  }
  await tx.query(
    `insert into tallystick_sandbox.due (object_id, work, clock, at) values ($1, $2, $3, $4)
     on conflict (object_id, work) do update set at = excluded.at, clock = excluded.clock`,
    [objectId, work, clock ?? "", at],
  );
}

/** Takes the earliest work of a clock that is due by then. */
export async function takeDue(tx: Queryable, clock: string | null, until: number): Promise<DueWork | null> {
  const [row] = await tx.query<{ object_id: string; work: Work; at: number }>(
    `delete from tallystick_sandbox.due where (object_id, work) = (
       select object_id, work from tallystick_sandbox.due where clock = $1 and at <= $2 order by at, seq limit 1
     ) returning object_id, work, at`,
    [clock ?? "", until],
  );
  return row === undefined ? null : { objectId: row.object_id, work: row.work, at: row.at };
}

/** When the next work of a clock is due. */
export async function nextDue(tx: Queryable, clock: string | null): Promise<number | null> {
  const [row] = await tx.query<{ at: number | null }>(
    "select min(at) as at from tallystick_sandbox.due where clock = $1",
    [clock ?? ""],
  );
  return row?.at ?? null;
}
