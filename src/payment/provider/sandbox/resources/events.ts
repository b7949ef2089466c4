// /v1/events, newest first, each in the API version in which it was made.
import type { Queryable } from "../../../../db/database.ts";
import { enqueueDelivery, isWanted } from "../events/outbox.ts";
import { renderEvent, type EventRow } from "../events/event.ts";
import type { Api } from "../protocol/api.ts";
import { readCreated, readLimit, toPage } from "../protocol/page.ts";
import type { Params } from "../protocol/params.ts";
import { missingObject } from "../protocol/refusal.ts";

type CountedEvent = EventRow & { readonly pending: number };

const columns = `id, type, created, api_version, object, before, request, (
  select count(*)::int from tallystick_sandbox.delivery where event_id = event.id and status = 'pending') as pending`;

export function eventRoutes(api: Api): void {
  api.get("/events", async (change, { params }) => {
    const limit = readLimit(params);
    const endingBefore = params.text("ending_before");
    const rows = await pageOfEvents(change.tx, params, { limit, endingBefore });
    return toPage(rows.map(shown), { limit, url: "/v1/events", endingBefore });
  });
  api.get("/events/:id", async (change, { part }) => shown(await eventOf(change.tx, part("id"))));
  // What `stripe events resend` asks for: another delivery to one endpoint, or to all.
  api.post("/events/:id/retry", async (change, { params, part }) => {
    const event = await eventOf(change.tx, part("id"));
    const wanted = params.text("webhook_endpoint");
    for (const endpoint of await change.all("webhook_endpoint", { status: "enabled" })) {
      const meant = wanted === null ? isWanted(event.type, endpoint.enabled_events) : endpoint.id === wanted;
      if (meant) await enqueueDelivery(change.tx, { eventId: event.id, endpointId: endpoint.id });
    }
    return shown(await eventOf(change.tx, event.id));
  });
}

function shown(event: CountedEvent) {
  return renderEvent(event, event.api_version, event.pending);
}

async function eventOf(tx: Queryable, id: string): Promise<CountedEvent> {
  const [event] = await tx.query<CountedEvent>(`select ${columns} from tallystick_sandbox.event where id = $1`, [id]);
  if (event === undefined) throw missingObject("event", id);
  return event;
}

async function pageOfEvents(
  tx: Queryable,
  params: Params,
  { limit, endingBefore }: { limit: number; endingBefore: string | null },
): Promise<CountedEvent[]> {
  const { createdFrom, createdTo } = readCreated(params);
  const type = params.text("type");
  const types = params.texts("types");
  const patterns = (type === null ? types : [type]).map((wanted) =>
    wanted.replaceAll("_", String.raw`\_`).replaceAll("*", "%"),
  );
  return tx.query<CountedEvent>(
    `select ${columns} from tallystick_sandbox.event
     where ($1::text[] is null or type like any ($1))
       and ($2::bigint is null or created >= $2) and ($3::bigint is null or created <= $3)
       and ($4::text is null or seq < (select seq from tallystick_sandbox.event where id = $4))
       and ($5::text is null or seq > (select seq from tallystick_sandbox.event where id = $5))
       and ($6::boolean is null or $6 = not exists (
         select from tallystick_sandbox.delivery where event_id = event.id and status <> 'delivered'))
     order by seq ${endingBefore === null ? "desc" : "asc"} limit $7`,
    [
      patterns.length === 0 ? null : patterns,
      createdFrom,
      createdTo,
      params.text("starting_after"),
      endingBefore,
      params.flag("delivery_success"),
      limit + 1,
    ],
  );
}
