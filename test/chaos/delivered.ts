// What the receivers must have been told: everything that happened, at least once, each thing under one id and in the same
// words.
import type { Check } from "./checks.ts";
import type { Received } from "./receiver.ts";
import type { World } from "./world.ts";

interface Told {
  readonly type: string;
  readonly data: { readonly id?: string; readonly transactionId?: string };
}

export async function announcementProblems(world: World, expected: readonly string[]): Promise<readonly Check[]> {
  const { ledger, receiver } = world;
  const channel = byId(receiver.received, "/channel");
  const endpoint = byId(receiver.received, "/endpoint");

  // What repeats is told together: then the message of another has to have arrived.
  const rows = await ledger.query<{ key: string; channel: string; status: string; teller: string }>(
    `select message.message_key as key, message.channel, message.status, coalesce(other.message_key, message.message_key) as teller
     from tallystick.notification message left join tallystick.notification other on other.id = message.told_by`,
  );
  const keys = new Map([...channel.values()].flatMap(({ told, accepted }) => (accepted ? [[told.data.id, told]] : [])));
  const unsent = rows.filter(({ status }) => status !== "sent");
  const untold = rows.filter((row) => row.channel === "webhook" && !keys.has(row.teller));

  const events = await ledger.query<{ key: string; id: string; status: string | null }>(
    `select event_key as key, webhook_id as id, delivery.status from tallystick.outgoing_event event
     left join tallystick.outgoing_delivery delivery on delivery.event_id = event.id`,
  );
  const eventsByKey = new Map(events.map((event) => [event.key, event]));
  const entries = await ledger.query<{ id: string }>(
    "select id::text as id from tallystick.credit_transaction where type <> 'usage'",
  );
  const transactions = Map.groupBy(
    [...endpoint.values()].filter(({ told, accepted }) => accepted && told.data.transactionId !== undefined),
    ({ told }) => told.data.transactionId,
  );
  return [
    {
      name: "everything that Stripe's objects tell of was announced to the channels",
      problems: [
        ...expected.filter((key) => !keys.has(key)).map((key) => `${key} did not arrive`),
        ...unsent.map(({ key, status, channel: name }) => `${key} to ${name} is ${status}`),
        ...untold.map(({ key }) => `${key} is told of as sent and did not arrive`),
      ],
    },
    {
      name: "everything that Stripe's objects tell of was posted to the endpoint",
      problems: [
        ...expected.filter((key) => !eventsByKey.has(key)).map((key) => `${key} is no event`),
        ...events
          .filter((event) => event.status !== "delivered" || endpoint.get(event.id)?.accepted !== true)
          .map(({ key, id, status }) => `${key} (${id}) is ${status ?? "for nobody"} and did not arrive`),
      ],
    },
    {
      name: "every entry that is no consumption was posted to the endpoint, under one id",
      problems: entries.flatMap(({ id }) => {
        const ids = transactions.get(id)?.length ?? 0;
        return ids === 1 ? [] : [`entry ${id} arrived under ${ids} ids`];
      }),
    },
    {
      name: "what was told twice had the same id and the same words",
      problems: [
        ...[...channel, ...endpoint].flatMap(([id, { bodies }]) => (bodies > 1 ? [`${id} had ${bodies} texts`] : [])),
        ...twice([...channel.values()].map(({ told }) => told.data.id ?? "")).map((key) => `${key} had two ids`),
      ],
    },
  ];
}

function byId(received: readonly Received[], path: string) {
  const groups = Map.groupBy(
    received.filter((one) => one.path.startsWith(path)),
    ({ id }) => id,
  );
  return new Map(
    [...groups].map(([id, copies]) => [
      id,
      {
        told: JSON.parse(copies[0]?.body ?? "{}") as Told,
        accepted: copies.some(({ accepted }) => accepted),
        bodies: new Set(copies.map(({ body }) => body)).size,
      },
    ]),
  );
}

function twice(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
