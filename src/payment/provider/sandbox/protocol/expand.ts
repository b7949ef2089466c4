// expand[]: ids replaced by the objects that they name, along paths such as latest_invoice.payments or data.customer.
import { isRecord, type Json } from "../../stripe/read.ts";
import { render } from "../shape/render.ts";
import type { Change } from "../store/change.ts";
import { findAny } from "../store/objects.ts";
import { invalid } from "./refusal.ts";

const MAX_DEPTH = 4;

/** Lists that are part of an object only where they are asked for. */
const included: Readonly<Record<string, (change: Change, object: Json) => Promise<unknown>>> = {
  "invoice.payments": async (change, { id }) =>
    listOf(await change.all("invoice_payment", { invoice: id }), `/v1/invoice_payments?invoice=${String(id)}`),
  "charge.refunds": async (change, { id }) =>
    listOf(await change.all("refund", { charge: id }), `/v1/charges/${String(id)}/refunds`),
  "checkout.session.line_items": async (change, { id }) => {
    const session = await change.get("checkout.session", String(id));
    return listOf(session._lines, `/v1/checkout/sessions/${session.id}/line_items`);
  },
  "invoice.confirmation_secret": async (change, { id }) => {
    const invoice = await change.get("invoice", String(id));
    const intent = await change.find("payment_intent", invoice._payment_intent);
    return intent === null ? null : { client_secret: intent["client_secret"], type: "payment_intent" };
  },
};

/** Expands the paths in a rendered answer. */
export async function expand(
  change: Change,
  answer: unknown,
  { paths, version }: { paths: readonly string[]; version: string },
): Promise<unknown> {
  let expanded = answer;
  for (const path of paths) {
    const steps = path.split(".");
    if (steps.length > MAX_DEPTH) {
      throw invalid(`You cannot expand more than ${MAX_DEPTH} levels of a property.`, { param: "expand" });
    }
    expanded = await expandPath(change, expanded, { steps, version, path });
  }
  return expanded;
}

interface Path {
  readonly steps: readonly string[];
  readonly version: string;
  readonly path: string;
}

async function expandPath(change: Change, value: unknown, route: Path): Promise<unknown> {
  const [step, ...rest] = route.steps;
  if (step === undefined || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map(async (item) => expandPath(change, item, route)));
  if (!isRecord(value)) throw cannotExpand(route.path);
  const field = await fieldOf(change, value, step, route);
  const next = await expandPath(change, field, { ...route, steps: rest });
  return { ...value, [step]: next };
}

async function fieldOf(change: Change, object: Json, name: string, { version, path }: Path): Promise<unknown> {
  const include = included[`${String(object["object"])}.${name}`];
  if (include !== undefined && !isRecord(object[name])) return render(await include(change, object), version);
  const field = object[name];
  if (field === undefined) throw cannotExpand(path);
  if (typeof field !== "string" || field === "") return field;
  const named = await findAny(change.tx, field);
  if (named === null) throw cannotExpand(path);
  return render(named, version);
}

function listOf(data: readonly unknown[], url: string): Json {
  return { object: "list", data, has_more: false, url };
}

function cannotExpand(path: string) {
  return invalid(`This property cannot be expanded (${path}).`, { param: "expand" });
}
