// One page of what a provider says happened, compared with what is known here; what is missing is stored like a webhook.
import type { Queryable } from "../../db/database.ts";
import { isTallystickError } from "../../kernel/errors.ts";
import type { InboundEvent } from "../inbound-event.ts";
import { storeEvents } from "../inbox.ts";
import type { Happened } from "../provider-queries.ts";

export interface Recovered {
  readonly eventId: string;
  readonly type: string;
}

/** Stores the events of what is not known; answers them. The same page twice stores nothing twice. */
export async function comparePage(
  queryable: Queryable,
  provider: string,
  happened: readonly Happened[],
  maxAttempts: number,
): Promise<readonly Recovered[]> {
  const events = (await missingOf(queryable, provider, happened)).map(({ event }) => event);
  if (events.length === 0) return [];
  const store = async (some: readonly InboundEvent[]): Promise<readonly Recovered[]> => {
    const outcomes = await storeEvents(queryable, provider, some, maxAttempts);
    return some.filter((_, place) => outcomes[place] === "accepted").map(({ id, type }) => ({ eventId: id, type }));
  };
  try {
    return await store(events);
  } catch (error) {
    if (isTallystickError(error) && error.code === "storage_unavailable") throw error;
    // One that can't be stored keeps none of the others from it.
    const recovered = await Promise.allSettled(events.map(async (event) => store([event])));
    const failed = recovered.find((settled) => settled.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return recovered.flatMap((settled) => (settled.status === "fulfilled" ? settled.value : []));
  }
}

async function missingOf(
  queryable: Queryable,
  provider: string,
  happened: readonly Happened[],
): Promise<readonly Happened[]> {
  if (happened.length === 0) return [];
  const rows = await queryable.query<{ n: number }>(
    `select n from unnest($2::text[], $3::text[], $4::text[]) with ordinality as told (kind, id, status, n)
     where case kind
       when 'event' then not exists (select from tallystick.webhook_event where provider = $1 and event_id = told.id)
       when 'payment' then not exists (
         select from tallystick.payment where provider = $1 and paid and invoice_id = told.id
         union all select from tallystick.payment where provider = $1 and paid and session_id = told.id)
       else not exists (
         select from tallystick.payment_return known
         where known.provider = $1 and known.return_id = told.id and known.status is not distinct from told.status)
     end order by n`,
    [
      provider,
      happened.map(({ proof }) => proof.kind),
      happened.map(({ proof }) => proof.id),
      happened.map(({ proof }) => proof.status),
    ],
  );
  return rows.flatMap(({ n }) => happened[n - 1] ?? []);
}
