// The last of a payment event's handling.
import type { Queryable } from "../db/database.ts";
import type { PaymentFact } from "./provider.ts";

/**
 * Marks an event as handled, after its effect and in the effect's transaction. One that was told of a user who is erased
 * already loses its personal fields: the effect finds the facts that it has in any case.
 */
export async function markHandled(
  tx: Queryable,
  { provider, eventId, facts, personalFields }: ToldEvent,
): Promise<void> {
  const customers = facts.flatMap((fact) => ("owner" in fact ? (fact.owner.customerId ?? []) : []));
  const references = facts.flatMap((fact) => ("references" in fact ? fact.references : []));
  const [event] = await tx.query<{ alias: string | null }>(
    `update tallystick.webhook_event set status = 'processed', processed_at = tallystick.clock() where id = $1
     returning (select user_id from (
       select user_id from tallystick.customer where provider = $2 and customer_id = any ($3)
       union all select payment.user_id from tallystick.payment_charge charge
         join tallystick.payment on payment.id = charge.payment_id
         where charge.provider = $2 and charge.reference = any ($4)) owner
       where user_id like 'erased:%' limit 1) as alias`,
    [eventId, provider, customers, references],
  );
  if (event === undefined || event.alias === null) return;
  const userIds = facts.flatMap((fact) => ("owner" in fact ? (fact.owner.userId ?? []) : []));
  const { alias } = event;
  const [stored] = await tx.query<{ payload: unknown }>("select payload from tallystick.webhook_event where id = $1", [
    eventId,
  ]);
  // Loaded when it is needed: long, and needed by few processes.
  const { withoutPersonalData } = await import("./personal-data.ts");
  const payload = withoutPersonalData(stored?.payload, { userIds, alias, personalFields });
  await tx.query("update tallystick.webhook_event set payload = $2 where id = $1", [eventId, JSON.stringify(payload)]);
}

interface ToldEvent {
  readonly provider: string;
  readonly eventId: number;
  readonly facts: readonly PaymentFact[];
  readonly personalFields: readonly string[];
}
