// The log of deliveries: what was sent where, every attempt, and sending again.
import type { Database } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { ListInput, Page } from "../tasks/inspect.ts";
import { getEndpoint, notFound, numberOf } from "./endpoint.ts";
import { MAX_ATTEMPTS } from "./schedule.ts";

export type DeliveryStatus = "pending" | "delivered" | "failed" | "cancelled";

export interface Delivery {
  readonly id: string;
  readonly endpointId: string;
  /** The receiver's `webhook-id`, the same in every attempt. */
  readonly webhookId: string;
  readonly type: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Of the last attempt; null: no answer, or none was made. */
  readonly lastStatusCode: number | null;
  readonly lastError: string | null;
  readonly taskId: string;
  readonly occurredAt: Date;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export interface DeliveryAttempt {
  readonly at: Date;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly durationMs: number;
}

export interface DeliveryDetail extends Delivery {
  /** What is sent; null when it has been forgotten. */
  readonly data: unknown;
  /** Oldest first. */
  readonly history: readonly DeliveryAttempt[];
}

export interface DeliveryLog {
  /** The deliveries to an endpoint, newest first. @throws not_found */
  deliveries(endpointId: string, input?: ListInput<DeliveryStatus>): Promise<Page<Delivery>>;
  /** One delivery with its attempts. @throws not_found */
  delivery(id: string): Promise<DeliveryDetail>;
  /** Sends one delivery again, under the same webhook-id. @throws not_found, invalid_state */
  replay(id: string, by?: { readonly actor?: string | undefined }): Promise<void>;
  /**
   * Sends again what an endpoint did not get since a moment, in order; with `all`, also what it did get. Answers how many.
   * @throws not_found, invalid_state while it is disabled
   */
  replaySince(
    endpointId: string,
    input: { readonly since: Date; readonly all?: boolean | undefined; readonly actor?: string | undefined },
  ): Promise<{ readonly replayed: number }>;
}

const columns = `delivery.id::text as id, delivery.endpoint_id::text as "endpointId", event.webhook_id as "webhookId", event.type,
  delivery.status, (select count(*) from tallystick.outgoing_attempt where delivery_id = delivery.id) as attempts,
  last.status_code as "lastStatusCode", last.error as "lastError", delivery.task_id::text as "taskId",
  event.occurred_at as "occurredAt", delivery.created_at as "createdAt", delivery.finished_at as "finishedAt"`;
const source = `tallystick.outgoing_delivery delivery join tallystick.outgoing_event event on event.id = delivery.event_id
  left join lateral (select status_code, error from tallystick.outgoing_attempt
    where delivery_id = delivery.id order by id desc limit 1) last on true`;

const refusals: Readonly<Record<string, string>> = {
  running: "is being sent; replay it when that is over.",
  forgotten: "is too old: its data has been forgotten.",
  disabled: "is to an endpoint that is disabled; enable it first.",
};

export function createDeliveryLog(database: Database): DeliveryLog {
  return {
    async deliveries(endpointId, { status, limit = 20, cursor } = {}) {
      await getEndpoint(database, endpointId);
      const rows = await database.query<Delivery>(
        `select ${columns} from ${source} where delivery.endpoint_id = $1
           and ($2::text is null or delivery.status = $2) and ($3::bigint is null or delivery.id < $3)
         order by delivery.id desc limit $4`,
        [endpointId, status ?? null, cursor ?? null, limit + 1],
      );
      const items = rows.slice(0, limit);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    async delivery(id) {
      const number = numberOf(id, "delivery");
      const [row] = await database.query<Delivery & { data: unknown }>(
        `select ${columns}, event.data from ${source} where delivery.id = $1`,
        [number],
      );
      if (row === undefined) throw notFound(id, "delivery");
      const history = await database.query<DeliveryAttempt>(
        `select created_at as at, status_code as "statusCode", error, duration_ms as "durationMs"
         from tallystick.outgoing_attempt where delivery_id = $1 order by id`,
        [number],
      );
      return { ...row, history };
    },
    async replay(id, { actor = "api" } = {}) {
      const [row] = await database.query<{ status: string | null }>(
        "select tallystick.replay_delivery($1, $2) as status",
        [numberOf(id, "delivery"), actor],
      );
      if (row === undefined || row.status === null) throw notFound(id, "delivery");
      if (row.status === "pending") return;
      throw new TallystickError("invalid_state", `Delivery ${id} ${refusals[row.status] ?? "can't be sent again."}`);
    },
    async replaySince(endpointId, { since, all = false, actor = "api" }) {
      const { status } = await getEndpoint(database, endpointId);
      if (status === "disabled") {
        throw new TallystickError("invalid_state", `Endpoint ${endpointId} is disabled; enable it first.`);
      }
      const [row] = await database.query<{ replayed: number }>(
        "select tallystick.replay_since($1, $2, $3, $4, $5) as replayed",
        [endpointId, since, all, actor, MAX_ATTEMPTS],
      );
      return { replayed: row?.replayed ?? 0 };
    },
  };
}
