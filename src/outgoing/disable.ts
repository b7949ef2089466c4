// An endpoint is disabled: nothing is sent to it until somebody enables it again, and what waits is given up for now.
import type { Queryable } from "../db/database.ts";

export type DisabledReason = "failing" | "gone" | "manual";

export interface DisabledEndpoint {
  readonly id: string;
  readonly url: string;
  readonly userId: string | null;
  readonly reason: DisabledReason;
  readonly at: Date;
}

/** Disables an endpoint once; one that is disabled already is left as it is. Answers whether this call did it. */
export async function disable(
  tx: Queryable,
  id: number,
  reason: DisabledReason,
  onDisabled: (tx: Queryable, endpoint: DisabledEndpoint) => Promise<void> = async () => undefined,
  actor = "tallystick",
): Promise<boolean> {
  const [row] = await tx.query<{ url: string; userId: string | null; at: Date }>(
    `update tallystick.webhook_endpoint set status = 'disabled', disabled_reason = $2, updated_at = tallystick.clock()
     where id = $1 and status = 'enabled' returning url, user_id as "userId", updated_at as at`,
    [id, reason],
  );
  if (row === undefined) return false;
  await tx.query("select tallystick.cancel_deliveries($1, $2, 'the endpoint was disabled')", [id, actor]);
  await onDisabled(tx, { id: String(id), ...row, reason });
  return true;
}
