// One change of the sandbox's world: a transaction in which documents are written, the events of it told and what time
// will do is planned. A change sees the time of one clock.
import type { Queryable } from "../../../../db/database.ts";
import type { Cause } from "../events/event.ts";
import { tell } from "../events/outbox.ts";
import { missingObject } from "../protocol/refusal.ts";
import type { Json } from "../../stripe/read.ts";
import { plan, type Work } from "./due.ts";
import type { AnyDocument, Kind, Kinds } from "./kinds.ts";
import { deleteObject, findObject, findObjects, writeObject } from "./objects.ts";
import type { Settings } from "./settings.ts";

export interface Surroundings {
  /** The account's API version: what its events are made in. */
  readonly version: string;
  /** The origin of the sandbox itself, for the pages it hosts. */
  readonly origin: () => string;
  readonly random: () => number;
}

export interface Change {
  readonly tx: Queryable;
  readonly surroundings: Surroundings;
  readonly settings: Settings;
  readonly cause: Cause;
  /** Seconds since the epoch, by the clock of this change. */
  readonly now: number;
  /** The test clock's id; null: everyone's clock. */
  readonly clock: string | null;
  find<K extends Kind>(kind: K, id: string | null): Promise<Kinds[K] | null>;
  /** @throws Refusal resource_missing */
  get<K extends Kind>(kind: K, id: string, param?: string): Promise<Kinds[K]>;
  /** All that contain these fields, oldest first. */
  all<K extends Kind>(kind: K, containing: Json): Promise<readonly Kinds[K][]>;
  /** Writes a new document and tells of it, unless `type` is null. */
  create<D extends AnyDocument>(document: D, type: string | null): Promise<D>;
  /** Changes these fields of the document as it is stored now, and tells of it, unless `type` is null. */
  update<D extends AnyDocument>(document: D, fields: Partial<D>, type: string | null): Promise<D>;
  /** Removes the document; `type` tells what it was. */
  remove(document: AnyDocument, type: string): Promise<void>;
  /** Tells of something, without changing it. */
  tell(type: string, object: Json, before?: Json): Promise<void>;
  /** Plans what the clock of this change will do with an object; null: no more. */
  plan(objectId: string, work: Work, at: number | null): Promise<void>;
  /** The same change at the time of another clock. */
  on(clock: string | null): Promise<Change>;
  /** The same change at another moment of the same clock. */
  at(now: number): Change;
}

interface Opened {
  readonly tx: Queryable;
  readonly surroundings: Surroundings;
  readonly settings: Settings;
  readonly cause: Cause;
  /** The time of everyone's clock. */
  readonly now: number;
}

/** A change on an open transaction, at everyone's clock. */
export function createChange(opened: Opened): Change {
  return changeAt(opened, opened.now, null);
}

function changeAt(opened: Opened, now: number, clock: string | null): Change {
  const { tx, surroundings, cause } = opened;
  const change: Change = {
    tx,
    surroundings,
    settings: opened.settings,
    cause,
    now,
    clock,
    find: async (kind, id) => (id === null ? null : findObject(tx, kind, id)),
    async get(kind, id, param) {
      const document = await findObject(tx, kind, id);
      if (document === null) throw missingObject(kind, id, param);
      return document;
    },
    all: async (kind, containing) => findObjects(tx, kind, containing),
    async create(document, type) {
      await writeObject(tx, document);
      if (type !== null) await change.tell(type, document);
      return document;
    },
    async update(document, fields, type) {
      const before = await change.get(document.object, document.id);
      const after = { ...before, ...fields } as typeof document;
      await writeObject(tx, after);
      if (type !== null) await change.tell(type, after, before);
      return after;
    },
    async remove(document, type) {
      await deleteObject(tx, document.id);
      await change.tell(type, { ...document, deleted: true });
    },
    async tell(type, object, before) {
      const endpoints = await findObjects(tx, "webhook_endpoint", { status: "enabled" });
      const event = { type, created: change.now, api_version: surroundings.version, object, before: before ?? null };
      await tell(tx, { ...event, request: cause }, { endpoints, random: surroundings.random });
    },
    plan: async (objectId, work, at) => plan(tx, { objectId, work, at, clock }),
    async on(other) {
      if (other === clock) return change;
      if (other === null) return changeAt(opened, opened.now, null);
      const { frozen_time: frozen } = await change.get("test_helpers.test_clock", other, "test_clock");
      return changeAt(opened, frozen, other);
    },
    at: (moment) => changeAt(opened, moment, clock),
  };
  return change;
}
