// Retells a recording for a buyer of our own: ids that no other run has, one customer, one price, the user's id where
// the server that sold would have written it. What happened, its order, amounts and shapes stay as recorded.
//
// Ids. One scenario has one buyer, so every customer id becomes that buyer's. Other ids are renamed by (kind, id), kind
// being the object's type or the name of the field that refers to it: in the newer lists ids are normalised to the name
// of the file that first told of the object, so an invoice, its item and its payment intent share one id, and an id is
// the same through the whole scenario but not between kinds. Two lines of an invoice share theirs too; amount and
// description tell them apart.
//
// Events. A real id (evt_ and more than zeros) with one type is one event, also when two lists tell of it. Where ids are
// normalised or zeroed, each place in the recording is an event.
import { readRecording, type Json, type Recording } from "./read-recording.ts";
import type { Scenario } from "./scenarios.ts";

export interface RetoldEvent {
  readonly id: string;
  readonly body: string;
}

export interface Buyer {
  /** Part of every id: letters, digits and _ only. */
  readonly tag: string;
  readonly userId: string;
}

const prefixes: Readonly<Record<string, string>> = {
  charge: "ch",
  "checkout.session": "cs_test",
  invoice: "in",
  invoiceitem: "ii",
  line_item: "il",
  payment_intent: "pi",
  subscription: "sub",
};

// Fields that refer to an object by its id.
const references: Readonly<Record<string, string>> = {
  charge: "charge",
  customer: "customer",
  invoice: "invoice",
  invoice_item: "invoiceitem",
  latest_charge: "charge",
  payment_intent: "payment_intent",
  price: "price",
  subscription: "subscription",
};

const ownedByBuyer = new Set(["checkout.session", "customer", "invoice", "subscription"]);

/** A scenario's events, in their order, for one buyer. */
export function retell(scenario: Scenario, buyer: Buyer): readonly RetoldEvent[] {
  const renamed = new Map<string, string>();
  const rename = (kind: string, id: string): string => {
    if (kind === "customer") return `cus_${buyer.tag}`;
    if (kind === "price" || kind === "plan") return scenario.priceId;
    const prefix = prefixes[kind];
    if (prefix === undefined) return id;
    const key = `${kind} ${id}`;
    const name = renamed.get(key) ?? `${prefix}_${buyer.tag}_${renamed.size}`;
    renamed.set(key, name);
    return name;
  };
  return readRecording(scenario).map((event, index) => {
    const id = `evt_${buyer.tag}_${eventName(event, index)}`;
    const object = withBuyer(retellObject(event.data.object, rename), scenario, buyer);
    const { api_version = null, created = 1_600_000_000, type } = event;
    const body = { id, object: "event", api_version, created, livemode: false, type, data: { ...event.data, object } };
    return { id, body: JSON.stringify(body) };
  });
}

function eventName({ id, type }: Recording, index: number): string {
  return id !== undefined && /^evt_(?!0+$)\w+$/.test(id)
    ? `${id.slice(4)}_${type.replaceAll(".", "_")}`
    : String(index);
}

type Rename = (kind: string, id: string) => string;

function retellObject(object: Json, rename: Rename): Json {
  const kind = typeof object["object"] === "string" ? object["object"] : "";
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, retellField(object, kind, name, value, rename)]),
  );
}

function retellField(object: Json, kind: string, name: string, value: unknown, rename: Rename): unknown {
  if (name === "livemode") return false;
  if (name === "id" && typeof value === "string")
    return rename(kind, kind === "line_item" ? lineName(object, value) : value);
  const referred = references[name];
  if (referred !== undefined && typeof value === "string") return rename(referred, value);
  return retellValue(value, rename);
}

function retellValue(value: unknown, rename: Rename): unknown {
  if (Array.isArray(value)) return value.map((item) => retellValue(item, rename));
  return isObject(value) ? retellObject(value, rename) : value;
}

function lineName({ amount, description }: Json, id: string): string {
  return `${id} ${String(amount)} ${typeof description === "string" ? description : ""}`;
}

function withBuyer(object: Json, { priceId }: Scenario, { userId }: Buyer): Json {
  const kind = String(object["object"]);
  if (!ownedByBuyer.has(kind)) return object;
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  return { ...object, metadata: { ...metadata, userId, ...(kind === "checkout.session" && { priceId }) } };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
